namespace Dora.Core.Configuration.Schedules;

/// <summary>
/// When an expression comes, in the clocks of a zone.
///
/// Clocks of a zone are changed: in spring they miss an hour, in autumn they show one twice. What that means depends on
/// what was asked for, and the rules are those of cron(8) as Vixie wrote it:
///
/// - An expression whose minute or hour begins with <c>*</c> recurs ("every ten minutes", "at five past each hour"). It
///   follows the time that really passes: it comes at each minute at which the clock shows a time of it. In the repeated
///   hour it comes twice as often by the clock and as often as ever in truth; in the missing hour there is nothing to come.
/// - Any other is for a time of day ("at half past two"). It comes once for each of its times. One that the clock skips
///   comes at the moment of the change, at once: the work of that day is done. One that the clock shows twice comes the
///   first time only. Times that fall into the same gap come together, as one.
///
/// For the second kind there is one definition that says all of that. Let local(t) be what the clock shows at t. A time L
/// of the clock is reached at
///     reached(L) = the first t with local(t) >= L
/// which is the change itself for times in a gap, the first pass for repeated ones, and rises with L. So what comes behind
/// T is reached(L) for the first L of the expression behind shown(T), the latest that the clock has shown up to T. Both
/// are found by walking the few pieces of constant offset around T: no offset is further than 26 hours from UTC, so
/// nothing further away than twice that matters. cron(8) treats changes of three hours and more as a correction; here
/// zones do not correct clocks: an island that crosses the date line skips a day, and does its work at its end.
///
/// Expressions are minutes: the moment is where the clock's seconds become zero, also in zones of old that were off by seconds.
/// Nothing is looked for further than 41 years ahead: the rarest (a fifth Monday in February) comes within 40.
/// </summary>
internal static class CronTimes
{
    private const long Horizon = 41L * 366 * 86400;

    /// <summary>The first time behind <paramref name="after"/> (seconds since 1970, UTC); <see cref="CronExpression.Never"/> if there is none.</summary>
    public static long Next(CronExpression expression, TimeZoneRules zone, long after)
    {
        if (expression.IsReboot) return CronExpression.Never;
        return expression.IsRecurring ? NextRecurring(expression, zone, after) : NextOfDay(expression, zone, after);
    }

    private static long NextRecurring(CronExpression expression, TimeZoneRules zone, long after)
    {
        long end = after + Horizon;
        for (long from = after + 1, until; from < end; from = until)
        {
            int offset = zone.OffsetAt(from, out until);
            if (until > end) until = end;
            long local = expression.NextLocal(from + offset, until + offset);
            if (local != CronExpression.Never) return local - offset;
        }
        return CronExpression.Never;
    }

    private static long NextOfDay(CronExpression expression, TimeZoneRules zone, long after)
    {
        long shown = Shown(zone, after);
        long local = expression.NextLocal(shown + 1, shown + Horizon);
        return local == CronExpression.Never ? local : Reached(zone, local);
    }

    /// <summary>The latest that the clocks have shown up to a time.</summary>
    private static long Shown(TimeZoneRules zone, long time)
    {
        long latest = long.MinValue;
        for (long from = time - 2 * PosixZone.Furthest, until; from <= time; from = until)
        {
            int offset = zone.OffsetAt(from, out until);
            latest = Math.Max(latest, Math.Min(until - 1, time) + offset);
        }
        return latest;
    }

    /// <summary>When the clocks first show a time, or a later one.</summary>
    private static long Reached(TimeZoneRules zone, long local)
    {
        long from = local - PosixZone.Furthest;
        while (true)
        {
            int offset = zone.OffsetAt(from, out long until);
            long found = Math.Max(from, local - offset);
            if (found < until) return found;
            from = until;
        }
    }
}
