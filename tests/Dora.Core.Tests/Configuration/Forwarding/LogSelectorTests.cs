using Dora.Core.Configuration.Forwarding;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Core.Tests.Configuration.Forwarding;

public class LogSelectorTests
{
    const int Kern = 0, Mail = 2, Daemon = 3, Auth = 4, AuthPriv = 10, Local7 = 23;
    const int Emergency = 0, Error = 3, Warning = 4, Notice = 5, Informational = 6, Debug = 7;

    static bool Selects(string text, int facility, int severity)
    {
        Assert.True(LogSelector.TryParse(text, out var selector, out string problem), problem);
        return selector.Selects(facility * 8 + severity);
    }

    [Theory]
    [InlineData("*.*", Local7, Debug, true)]
    [InlineData("*.info", Daemon, Informational, true)]
    [InlineData("*.info", Daemon, Debug, false)]
    [InlineData("*.info;mail.none", Mail, Emergency, false)]
    [InlineData("*.info;mail,auth.none", Auth, Error, false)]
    [InlineData("*.info; mail.none", Daemon, Error, true)]
    [InlineData("auth,authpriv.*", AuthPriv, Debug, true)]
    [InlineData("auth,authpriv.*", Kern, Emergency, false)]
    [InlineData("kern.=warning", Kern, Warning, true)]
    [InlineData("kern.=warning", Kern, Error, false)]
    [InlineData("*.*;kern.!notice", Kern, Notice, false)]
    [InlineData("*.*;kern.!notice", Kern, Emergency, false)]
    [InlineData("*.*;kern.!notice", Kern, Informational, true)]
    [InlineData("*.*;kern.!=err", Kern, Error, false)]
    [InlineData("*.*;kern.!=err", Kern, Emergency, true)]
    [InlineData("security.warn", Auth, Warning, true)]
    [InlineData("*.panic", Daemon, Emergency, true)]
    [InlineData("*.panic", Daemon, Error, false)]
    public void Selects_as_syslog_conf_does(string text, int facility, int severity, bool isSelected) => Assert.Equal(isSelected, Selects(text, facility, severity));

    [Theory]
    [InlineData("", "'' is not FACILITY.SEVERITY, such as *.info or auth.none")]
    [InlineData("info", "'info' is not FACILITY.SEVERITY, such as *.info or auth.none")]
    [InlineData("*.loud", "'loud' is not one of emerg, alert, crit, err, warning, notice, info, debug, none, *")]
    [InlineData("*.!none", "'none' is not one of emerg, alert, crit, err, warning, notice, info, debug, none, *")]
    [InlineData("*.info;post.none", "'post' is not one of kern, user, mail, daemon, auth, syslog, lpr, news, uucp, cron, authpriv, ftp, ntp, audit, alert, clock, local0, local1, local2, local3, local4, local5, local6, local7, *")]
    public void What_is_no_selector_is_said(string text, string expected)
    {
        Assert.False(LogSelector.TryParse(text, out _, out string problem));
        Assert.Equal(expected, problem);
    }

    [Fact]
    public void Foreign_text_never_throws()
    {
        var random = new Random(6);
        const string letters = "*.;,=!noneinfomailkern \0é";
        for (int i = 0; i < Fuzz.Rounds(20_000); i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => letters[random.Next(letters.Length)]));
            if (LogSelector.TryParse(text, out var selector, out string problem)) _ = selector.Selects(random.Next(300));
            else Assert.NotEqual("", problem);
        }
    }

    [Fact]
    public void A_priority_that_does_not_exist_is_not_selected()
    {
        Assert.False(LogSelector.Everything.Selects(24 * 8));
        Assert.False(LogSelector.Everything.Selects(-1));
        Assert.True(LogSelector.Everything.Selects(191));
    }
}
