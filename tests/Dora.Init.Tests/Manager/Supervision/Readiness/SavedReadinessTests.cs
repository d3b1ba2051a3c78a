using System.Reflection;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision;
using Dora.Init.Tests.Manager.Logging;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Readiness;

/// <summary>What outlives the manager: a member that is not saved would be forgotten at the next kill -9.</summary>
public class SavedReadinessTests
{
    [Fact]
    public void Every_member_of_a_services_state_is_saved_and_read_again()
    {
        var state = new ServiceState();
        foreach (var member in typeof(ServiceState).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (!member.CanWrite) continue;
            var type = Nullable.GetUnderlyingType(member.PropertyType) ?? member.PropertyType;
            object value = type switch
            {
                _ when type == typeof(string) => $"text of {member.Name}",
                _ when type == typeof(int) => 42,
                _ when type == typeof(bool) => true,
                _ when type == typeof(TimeSpan) => TimeSpan.FromTicks(12345),
                _ when type == typeof(ProcessExit) => new ProcessExit(2, 9),
                _ when type == typeof(StartCause) => new StartCause("db", "exit code 1", new ProcessExit(1, 1)),
                _ when type.IsEnum => Enum.GetValues(type).GetValue(3)!,
                _ => throw new NotSupportedException($"{member.Name} is a {type.Name}: say here what one looks like"),
            };
            member.SetValue(state, value);
        }
        using var store = new MemoryStore();
        StateFile.Open(store, out _).Write(new SavedState { Services = [new SavedService { Name = "web", State = state }] });
        store.Restart();
        StateFile.Open(store, out var saved);
        Assert.Equal(state, saved!.Services.Single().State);
    }
}
