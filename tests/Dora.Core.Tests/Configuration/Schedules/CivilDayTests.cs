using Dora.Core.Configuration.Schedules;
using Xunit;

namespace Dora.Core.Tests.Configuration.Schedules;

public class CivilDayTests
{
    [Fact]
    public void Days_are_those_of_the_calendar()
    {
        long number = CivilDay.Of(1, 1, 1);
        for (var day = new DateTime(1, 1, 1); day < new DateTime(2500, 1, 1); day = day.AddDays(1), number++)
        {
            var split = CivilDay.Split(number);
            if (split != (day.Year, day.Month, day.Day) || CivilDay.Weekday(number) != (int)day.DayOfWeek || CivilDay.Of(day.Year, day.Month, day.Day) != number)
                Assert.Fail($"{day:yyyy-MM-dd} is {split}, {CivilDay.Weekday(number)}");
            if (day.Day == 1) Assert.Equal(DateTime.DaysInMonth(day.Year, day.Month), CivilDay.DaysIn(day.Year, day.Month));
        }
        Assert.Equal(0, CivilDay.Of(1970, 1, 1));
    }
}
