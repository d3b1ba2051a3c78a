using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Launching;

namespace Dora.Init.Relay;

/// <summary>The command of a session: its process, and our ends of its streams: the master of its terminal, or pipes.</summary>
internal sealed class RelayCommand
{
    private const string Multiplexer = "/dev/ptmx";
    private const byte EndOfTransmission = 4; // Ctrl-D
    private static readonly ulong s_multiplexerDevice = 5 << 8 | 2; // devices.txt of the kernel

    private readonly RelayParameters _parameters;
    private FileDescriptor? _input, _output, _error;
    private FileDescriptor? _terminal;
    private bool _endsLine = true;
    private bool _isInputEnding;

    private RelayCommand(RelayParameters parameters) => _parameters = parameters;

    public int Pid { get; private set; }

    /// <summary>Where its output comes from; null once that has ended.</summary>
    public FileDescriptor? Output => _output;

    /// <summary>Of a command without a terminal.</summary>
    public FileDescriptor? Error => _error;

    /// <summary>Where its input goes; null if it takes none any more.</summary>
    public FileDescriptor? Input => _input;

    /// <summary>What was typed and not yet taken.</summary>
    public List<byte> Pending { get; } = [];

    public static LaunchResult Start(RelayParameters parameters, out RelayCommand command)
    {
        command = new RelayCommand(parameters);
        var opened = new List<FileDescriptor>();
        try
        {
            if (parameters.IsTerminal) command.OpenTerminal(opened);
            else command.OpenPipes(opened);
            var result = command.Launch();
            command.Pid = result.Pid;
            return result;
        }
        finally
        {
            foreach (var fd in opened) fd.Dispose();
        }
    }

    private void OpenTerminal(List<FileDescriptor> opened)
    {
        Sys.OpenTerminal(MultiplexerPath(opened), out var master, out var terminal).ThrowIfError("open", "a pseudo terminal");
        // Kept until the command has ended: a terminal that nobody has open for a while is no end of its output.
        _terminal = terminal;
        _input = _output = master;
        // Its user may open it by its name as well, and nobody else may.
        _ = Sys.ChangeOwner(terminal, _parameters.Owner, uint.MaxValue);
        _ = Sys.ChangeMode(terminal, 0x190 /* 0620 */);
        Resize(_parameters.Rows, _parameters.Columns);
        Place(terminal, RelayParameters.InputNumber, opened);
        Place(terminal, RelayParameters.OutputNumber, opened);
        Place(terminal, RelayParameters.ErrorNumber, opened);
    }

    /// <summary>
    /// That of the surroundings, so that the terminal has a name there (tty(1) asks); ours where they have none. What lies
    /// under that name was put there by somebody else: nothing but the device itself is opened.
    /// </summary>
    private string MultiplexerPath(List<FileDescriptor> opened)
    {
        if (_parameters.RootNumber < 0) return Multiplexer;
        var root = new FileDescriptor(_parameters.RootNumber); // stays the plan's
        foreach (string place in (ReadOnlySpan<string>)["dev/pts/ptmx", "dev/ptmx"])
        {
            if (Sys.OpenInRoot(root, place, Libc.O_PATH, out var found) != Errno.None) continue;
            opened.Add(found);
            if (Sys.Stat(found, out var status) == Errno.None && (status.st_mode & Libc.S_IFMT) == Libc.S_IFCHR && status.st_rdev == s_multiplexerDevice)
                return $"/proc/self/fd/{found.Number}";
        }
        return Multiplexer;
    }

    private void OpenPipes(List<FileDescriptor> opened)
    {
        if (_parameters.HasInput)
        {
            Sys.Pipe(out var read, out var write).ThrowIfError("pipe");
            opened.Add(read);
            _input = write;
            Sys.SetNonBlocking(write).ThrowIfError("fcntl");
            Place(read, RelayParameters.InputNumber, opened);
        }
        else
        {
            Sys.Open("/dev/null", Libc.O_RDONLY, 0, out var nothing).ThrowIfError("open", "/dev/null");
            opened.Add(nothing);
            Place(nothing, RelayParameters.InputNumber, opened);
        }
        _output = OpenOutput(RelayParameters.OutputNumber, opened);
        _error = OpenOutput(RelayParameters.ErrorNumber, opened);
    }

    // Only our end does not block: the two are different open files.
    private static FileDescriptor OpenOutput(int number, List<FileDescriptor> opened)
    {
        Sys.Pipe(out var read, out var write).ThrowIfError("pipe");
        opened.Add(write);
        Sys.SetNonBlocking(read).ThrowIfError("fcntl");
        Place(write, number, opened);
        return read;
    }

    private static void Place(FileDescriptor fd, int number, List<FileDescriptor> opened)
    {
        Sys.Duplicate(fd, out var placed, number).ThrowIfError("dup");
        opened.Add(placed);
        if (placed.Number != number) throw new InvalidOperationException($"descriptor {number} is taken");
    }

    /// <summary>A pid namespace is entered by children alone (setns(2)): ours is that of the command for the time of one clone.</summary>
    private LaunchResult Launch()
    {
        if (_parameters.PidNamespaceNumber < 0) return Launcher.Launch(_parameters.Plan);
        Sys.Open("/proc/self/ns/pid", Libc.O_RDONLY, 0, out var own).ThrowIfError("open", "pid namespace");
        using (own)
        {
            Sys.EnterNamespace(new FileDescriptor(_parameters.PidNamespaceNumber), Libc.CLONE_NEWPID).ThrowIfError("enter", "pid namespace");
            try
            {
                return Launcher.Launch(_parameters.Plan);
            }
            finally
            {
                _ = Sys.EnterNamespace(own, Libc.CLONE_NEWPID);
            }
        }
    }

    public void Type(ReadOnlySpan<byte> bytes)
    {
        if (_input is null || _isInputEnding || bytes.IsEmpty) return;
        Pending.AddRange(bytes);
        _endsLine = bytes[^1] is (byte)'\n' or (byte)'\r';
    }

    /// <summary>No more input. A terminal has no end: there it is as if Ctrl-D was typed, where that means the end.</summary>
    public void EndInput()
    {
        if (_input is null || _isInputEnding) return;
        if (!_parameters.IsTerminal) _isInputEnding = true;
        else Pending.AddRange(_endsLine ? [EndOfTransmission] : [EndOfTransmission, EndOfTransmission]);
    }

    /// <summary>Gives it as much of its input as it takes.</summary>
    public void Flush()
    {
        if (_input is not null && Pending.Count > 0)
        {
            var errno = Sys.Write(_input, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(Pending), out int count);
            Pending.RemoveRange(0, count);
            // It does not read any more: that is its right, and what is typed goes nowhere.
            if (errno is not (Errno.None or Errno.EAGAIN)) CloseInput();
        }
        if (_isInputEnding && Pending.Count == 0) CloseInput();
    }

    private void CloseInput()
    {
        if (_parameters.IsTerminal) Pending.Clear();
        else
        {
            _input?.Dispose();
            _input = null;
            Pending.Clear();
        }
    }

    /// <summary>The command has ended; what it has written is still to be read.</summary>
    public void Ended()
    {
        _terminal?.Dispose();
        _terminal = null;
    }

    public void CloseOutput(SessionFrameType type)
    {
        if (type == SessionFrameType.Error)
        {
            _error?.Dispose();
            _error = null;
            return;
        }
        _output?.Dispose();
        if (_parameters.IsTerminal) _input = null;
        _output = null;
    }

    public void Resize(ushort rows, ushort columns)
    {
        if (_parameters.IsTerminal && _output is not null && rows > 0 && columns > 0) _ = Sys.SetWindowSize(_output, rows, columns);
    }

    /// <summary>Tells it that its screen is to be drawn anew, also where the size is what it was.</summary>
    public void Redraw()
    {
        if (ForegroundGroup() is var group and not 0) _ = Sys.Kill(-group, Libc.SIGWINCH);
    }

    /// <summary>A signal to what runs in the foreground.</summary>
    public void Signal(int signal) => _ = Sys.Kill(-(ForegroundGroup() is var group and not 0 ? group : Pid), signal);

    // 0 or 1 would mean other processes than those of the command: a group of another pid namespace has no number here.
    private int ForegroundGroup() => _parameters.IsTerminal && _output is not null && Sys.ForegroundGroup(_output) is var group and > 1 ? group : 0;

    /// <summary>It is to stop. A shell that waits for its user takes no notice of TERM: on a terminal it is a hang-up besides.</summary>
    public void Stop()
    {
        _ = Sys.Kill(Pid, _parameters.StopSignal);
        if (!_parameters.IsTerminal) return;
        Signal(Libc.SIGHUP);
        _ = Sys.Kill(Pid, Libc.SIGHUP);
        _ = Sys.Kill(Pid, Libc.SIGCONT);
    }

    /// <summary>Nobody is there any more: what a terminal does when its line is cut, also where the command has none.</summary>
    public void HangUp()
    {
        Signal(Libc.SIGHUP);
        _ = Sys.Kill(-Pid, Libc.SIGHUP);
        _ = Sys.Kill(-Pid, Libc.SIGCONT);
        _input?.Dispose();
        _output?.Dispose();
        _error?.Dispose();
        _input = _output = _error = null;
        Pending.Clear();
    }
}
