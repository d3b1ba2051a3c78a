using Dora.Core.Linux;
using Dora.Ctl.Commands;
using Dora.Ctl.Crontabs;
using Dora.Ctl.Output;
using Dora.Ctl.Remote;

if (args is [SshTunnel.Verb, .. var rest]) return SshTunnel.Become(rest);

// Descriptors 0 to 2 are borrowed, not owned: nobody disposes them.
if (Environment.GetCommandLineArgs()[0] is var name && name[(name.LastIndexOf('/') + 1)..] == CrontabProgram.Name)
    return new CrontabProgram(new FileDescriptor(0), Screen.Of(new FileDescriptor(1)), Screen.Of(new FileDescriptor(2))).Run(args);

return CommandLine.Run(args, Screen.Of(new FileDescriptor(1)), Screen.Of(new FileDescriptor(2)));
