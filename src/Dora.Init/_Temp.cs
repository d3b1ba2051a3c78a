#pragma warning disable
namespace Dora.Core.Configuration { internal sealed class KernelCommandLine { public static KernelCommandLine Read() => new(); public IReadOnlyList<string> Masked => []; } }
namespace Dora.Init { internal static class Log { public static void Info(string s) => W(6, s); public static void Warn(string s) => W(4, s); public static void Error(string s) => W(3, s);
 static void W(int p, string s) { if (Dora.Core.Linux.Sys.Open("/dev/kmsg", 0x401, 0, out var fd) == 0) using (fd) Dora.Core.Linux.Sys.Write(fd, System.Text.Encoding.UTF8.GetBytes($"<{p}>pandora: {s}\n"), out _); } } }
namespace Dora.Init.Boot { internal static class BootSequence { public static int Run() => 0; } }
namespace Dora.Init.Manager.Startup { internal static class StartupSequence { public static List<Dora.Init.Manager.State.SavedStage> Run(Dora.Core.Configuration.KernelCommandLine c) => []; } internal static class BootStages { public static List<Dora.Init.Manager.State.SavedStage> Read() => []; }
 internal sealed record Uevent(string Action, string Subsystem, string Name); internal sealed class DeviceEvents(Dora.Init.Events.EventLoop l, Action<Uevent> a) { } }
