using Dora.Core.Linux;
using Dora.Init.Launching;
using Dora.Init.Relay;
using Xunit;

namespace Dora.Init.Tests.Relay;

public class RelayParametersTests
{
    [Fact]
    public void What_is_written_is_read()
    {
        var builder = new LaunchPlanBuilder("web", ["ls", "-l", "ü"]) { OwnMemory = true, HasOnlyNamedDescriptors = true };
        builder.Variable("PATH", "/a:/b").Umask(0x3F).Step("enter", SystemCall.setns, 7, 0x20000)
            .Step("filter", SystemCall.seccomp, 1, 0, new LaunchArgument(0, [1, 2, 3]) { Behind = [4, 5] });
        builder.StepWith(builder.StepThatOpens("open", SystemCall.socket, 2, 2, 0), "up", SystemCall.ioctl, 0x8914, new byte[40]);
        var written = new RelayParameters
        {
            Name = "exec-1", IsTerminal = true, Rows = 50, Columns = 132, HasInput = true, IsDetachable = true, Owner = 1234, StopSignal = 2,
            PidNamespaceNumber = 8, RootNumber = 9, LastNumber = 9, Rest = [0, 255, 10], Plan = builder.Build(asSibling: false),
        };
        Sys.MakeMemoryFile("test", out var file).ThrowIfError("memfd_create");
        using (file)
        {
            written.WriteTo(file);
            var read = RelayParameters.FromFile(file);
            Assert.Equal(written with { Plan = read.Plan, Rest = read.Rest }, read);
            Assert.Equal(written.Rest, read.Rest);
            Assert.Equal(("/a/ls", "/b/ls"), (read.Plan.Program, Assert.Single(read.Plan.OtherPlaces)));
            Assert.Equal(written.Plan.Arguments, read.Plan.Arguments);
            Assert.Equal(written.Plan.Environment, read.Plan.Environment);
            Assert.Equal((written.Plan.OwnMemory, written.Plan.DescriptorsBelow), (read.Plan.OwnMemory, read.Plan.DescriptorsBelow));
            Assert.Equal(written.Plan.Steps.Count, read.Plan.Steps.Count);
            foreach (var (one, other) in written.Plan.Steps.Zip(read.Plan.Steps))
            {
                Assert.Equal((one.Label, one.Call, one.MayFail, one.Slot), (other.Label, other.Call, other.MayFail, other.Slot));
                Assert.Equal(one.Arguments.Select(argument => (argument.Value, Text(argument.Data), Text(argument.Behind))), other.Arguments.Select(argument => (argument.Value, Text(argument.Data), Text(argument.Behind))));
            }
        }

        static string? Text(byte[]? bytes) => bytes is null ? null : Convert.ToHexString(bytes);
    }

    [Fact]
    public void A_message_for_a_relay_is_read_as_it_was_written_and_another_version_is_none()
    {
        var request = new AttachRequest(24, 80, [1, 2, 3]);
        var read = AttachRequest.Decode(request.Encode())!;
        Assert.Equal((24, 80, "010203"), (read.Rows, read.Columns, Convert.ToHexString(read.Rest)));
        byte[] other = request.Encode();
        other[0]++;
        Assert.Null(AttachRequest.Decode(other));
        for (int length = 0; length < 5; length++) Assert.Null(AttachRequest.Decode(request.Encode().AsSpan(0, length)));
        Assert.InRange(new AttachRequest(1, 1, new byte[16 * 1024]).Encode().Length, 1, AttachRequest.Longest);
    }
}
