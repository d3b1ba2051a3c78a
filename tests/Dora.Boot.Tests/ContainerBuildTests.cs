using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>
/// Issue 7: "CI runs Dockerfile.build for real with buildah (chroot isolation), base images made locally from Debian packages and passed as
/// build arguments, and boots what comes out." With a Dockerfile of a user's own upon it, so all stages are in it.
/// </summary>
public class ContainerBuildTests
{
    [Fact]
    public void What_a_container_build_makes_boots_with_what_its_user_has_added()
    {
        using var folder = new ScratchFolder();
        string own = Directory.CreateDirectory(Path.Combine(folder.Path, "own")).FullName, to = Path.Combine(folder.Path, "out");
        File.Copy(Path.Combine(Artifacts.Out, "tests", "key.pub"), Path.Combine(own, "key.pub"));
        File.WriteAllText(Path.Combine(own, "mine.yaml"), "description: Of my own.\ncommand: [/bin/sleep, '100000']\nuser: mine\n");
        File.WriteAllText(Path.Combine(own, "Dockerfile"), """
            FROM localhost/pandora-rootfs
            COPY mine.yaml /etc/dora/services/
            COPY key.pub /etc/dora/authorized_keys
            RUN echo 'mine:x:1000:1000::/:/bin/sh' >>/etc/passwd && ln /etc/passwd /srv/linked && mkfifo /srv/fifo && chown mine /srv/fifo && chmod 4711 /srv/fifo

            """);
        Programs.Run(TimeSpan.FromMinutes(30), Path.Combine(Artifacts.Repository, "tests/Dora.Boot.Tests/build-in-container"), to, own,
            "--build-arg", "ARTEFACTS=iso uki", "--build-arg", "CMDLINE=pandora.hostname=from-container no_timer_check").Expect();

        Assert.True(new FileInfo(Path.Combine(to, "pandora.efi")).Length > 20_000_000);
        using var machine = Machine.Start(new MachineOptions { Name = "container", Iso = Path.Combine(to, "pandora.iso") });
        machine.WaitForSsh();
        Assert.Equal("from-container", machine.SshOutput("hostname"));
        Assert.Equal("running", machine.Services()["mine"].State);
        // What the engine lays over while it builds is as the image wants it; what the user made is as he made it.
        Assert.Equal("/run/resolv.conf", machine.SshOutput("readlink /etc/resolv.conf"));
        Assert.Equal(File.ReadAllText(Path.Combine(Artifacts.Repository, "image/rootfs/etc/hosts")).Trim(), machine.SshOutput("cat /etc/hosts"));
        Assert.Equal("fifo mine 4711\n2", machine.SshOutput("stat -c '%F %U %a' /srv/fifo; stat -c %h /srv/linked"));
        Assert.Equal("absent", machine.SshOutput("[ -e /.pandora ] && echo there || echo absent"));
        Assert.Equal("root", machine.SshOutput("stat -c %U /usr/sbin/init"));
        // A layer by default, made in a stage of its own.
        Assert.Contains("debootstrap ", machine.SshOutput("debootstrap --version"));
        machine.PowerOff();
    }
}
