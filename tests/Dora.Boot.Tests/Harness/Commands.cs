namespace Dora.Boot.Tests.Harness;

/// <summary>Shell commands that several tests run in the machine.</summary>
static class Commands
{
    public const string CountZombies = "cat /proc/[0-9]*/status 2>/dev/null | awk '/^State:\\tZ/ { n++ } END { print n + 0 }'";
}
