namespace Dora.Core.Configuration;

/// <summary>The keys of <c>restart: {...}</c>.</summary>
internal static class RestartKeys
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);

    public static readonly IReadOnlyList<SettingKey<RestartPolicy>> All =
    [
        new("when", "always, on-failure or never", "on-failure", "After which ends it is started again.",
            (policy, value) => policy with { When = value.Choice(ServiceWords.RestartConditions) }),
        new("delay", "duration", "200ms", "Wait before the first restart.",
            (policy, value) => policy with { Delay = value.Duration(s_shortest) }),
        new("factor", "number from 1 to 10", "2", "How much longer each further wait is.",
            (policy, value) => policy with { Factor = value.Number(1, 10) }),
        new("cap", "duration", "30s", "The longest wait.",
            (policy, value) => policy with { Cap = value.Duration(s_shortest) }),
        new("reset-after", "duration", "10s", "A run this long counts as stable: the count begins anew.",
            (policy, value) => policy with { ResetAfter = value.Duration(s_shortest) }),
        new("limit", "number from 0 to 1000000", "0", "Restarts in a row until it is given up; 0 is without limit.",
            (policy, value) => policy with { Limit = value.Integer(0, 1_000_000) }),
        new("within", "duration", "none", "Counts the restarts of such a period for `limit`, not those in a row.",
            (policy, value) => policy with { Within = value.DurationOrNone(s_shortest) }),
        new("jitter", "number from 0 to 1", "0", "Part of a wait that chance may add to it.",
            (policy, value) => policy with { Jitter = value.Number(0, 1) }),
    ];
}
