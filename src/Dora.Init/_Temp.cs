#pragma warning disable
using Dora.Core.Linux;
namespace Dora.Init.Manager.Startup { internal static class StartupSequence { public static List<Dora.Init.Manager.State.SavedStage> Run(Dora.Core.Configuration.KernelCommandLine c) {
  Sys.MakeDirectories("/dev/pts", 493); Sys.Mount("devpts", "/dev/pts", "devpts", 0, "gid=5,mode=620");
  Sys.Mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0); Sys.MakeDirectories("/sys/fs/cgroup/dora/services", 493); Sys.MakeDirectories("/sys/fs/cgroup/dora/sessions", 493);
  Sys.Mount("tmpfs", "/tmp", "tmpfs", 0);
  return []; } }
 internal sealed record Uevent(string Action, string Subsystem, string Name); internal sealed class DeviceEvents(Dora.Init.Events.EventLoop l, Action<Uevent> a) { } }
