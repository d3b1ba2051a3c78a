using Dora.Core.Linux;
using Dora.Ctl.Commands;
using Dora.Ctl.Output;
using Dora.Ctl.Remote;

if (args is [SshTunnel.Verb, .. var rest]) return SshTunnel.Become(rest);

// Descriptors 1 and 2 are borrowed, not owned: nobody disposes them.
return CommandLine.Run(args, Screen.Of(new FileDescriptor(1)), Screen.Of(new FileDescriptor(2)));
