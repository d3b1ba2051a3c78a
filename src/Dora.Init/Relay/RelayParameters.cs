using System.Text;
using Dora.Core.Linux;
using Dora.Init.Launching;

namespace Dora.Init.Relay;

/// <summary>
/// What a relay is started with, beside its descriptors: written by the manager to a memory file, read by the relay of the
/// same program. The command's launch plan is in it as the list of system calls that it is: whoever makes it has read
/// users, files and namespaces, and the relay needs nothing of them.
/// </summary>
internal sealed record RelayParameters
{
    /// <summary>The descriptors of a relay: its first client, the socket that others come by, and this as a file.</summary>
    public const int ClientNumber = 3, AttachNumber = 4, ParametersNumber = 5, FirstFreeNumber = 6;

    /// <summary>The numbers that the command's standard streams have in the relay when it is launched.</summary>
    public const int InputNumber = LaunchPlanBuilder.SourceFloor, OutputNumber = InputNumber + 1, ErrorNumber = InputNumber + 2;

    private const int LongestFile = 4 << 20;

    public required string Name { get; init; }

    /// <summary>The command has a terminal of this size; otherwise pipes.</summary>
    public bool IsTerminal { get; init; }

    public ushort Rows { get; init; }
    public ushort Columns { get; init; }

    /// <summary>Without it the command's stdin is empty. A terminal has always input.</summary>
    public bool HasInput { get; init; }

    /// <summary>The session goes on when its last client is gone.</summary>
    public bool IsDetachable { get; init; }

    /// <summary>Who owns the terminal, as a number outside of user namespaces.</summary>
    public uint Owner { get; init; }

    /// <summary>What is sent to the command when the relay gets SIGTERM.</summary>
    public int StopSignal { get; init; } = Libc.SIGTERM;

    /// <summary>A pid namespace that the command is to be born in, and a folder that is its root, or -1.</summary>
    public int PidNamespaceNumber { get; init; } = -1;

    public int RootNumber { get; init; } = -1;

    /// <summary>The last of the descriptors that were passed.</summary>
    public int LastNumber { get; init; } = ParametersNumber;

    /// <summary>What the client sent behind its request.</summary>
    public byte[] Rest { get; init; } = [];

    public required LaunchPlan Plan { get; init; }

    public void WriteTo(FileDescriptor file)
    {
        using var memory = new MemoryStream();
        using (var writer = new BinaryWriter(memory, Encoding.UTF8, leaveOpen: true)) Write(writer);
        Sys.WriteAllAt(file, memory.GetBuffer().AsSpan(0, (int)memory.Length), 0).ThrowIfError("write", "relay parameters");
    }

    public static RelayParameters FromFile(FileDescriptor file)
    {
        Sys.Stat(file, out var status).ThrowIfError("fstat");
        if (status.st_size is <= 0 or > LongestFile) throw new InvalidDataException($"relay parameters of {status.st_size} bytes");
        var bytes = new byte[status.st_size];
        for (int length = 0; length < bytes.Length;)
        {
            Sys.ReadAt(file, bytes.AsSpan(length), length, out int count).ThrowIfError("read", "relay parameters");
            if (count == 0) throw new EndOfStreamException();
            length += count;
        }
        using var reader = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
        return Read(reader);
    }

    private void Write(BinaryWriter writer)
    {
        writer.Write(Name);
        writer.Write(IsTerminal);
        writer.Write(Rows);
        writer.Write(Columns);
        writer.Write(HasInput);
        writer.Write(IsDetachable);
        writer.Write(Owner);
        writer.Write(StopSignal);
        writer.Write(PidNamespaceNumber);
        writer.Write(RootNumber);
        writer.Write(LastNumber);
        WriteBytes(writer, Rest);
        writer.Write(Plan.Program);
        WriteTexts(writer, Plan.OtherPlaces);
        WriteTexts(writer, Plan.Arguments);
        WriteTexts(writer, Plan.Environment);
        writer.Write(Plan.OwnMemory);
        writer.Write(Plan.DescriptorsBelow);
        writer.Write(Plan.Steps.Count);
        foreach (var step in Plan.Steps)
        {
            writer.Write(step.Label);
            writer.Write((long)step.Call);
            writer.Write(step.MayFail);
            writer.Write(step.Slot);
            writer.Write(step.Arguments.Length);
            foreach (var argument in step.Arguments)
            {
                writer.Write(argument.Value);
                WriteBytes(writer, argument.Data);
                WriteBytes(writer, argument.Behind);
            }
        }
    }

    // As they are written, member by member: initializers run from top to bottom.
    private static RelayParameters Read(BinaryReader reader)
    {
        string name = reader.ReadString();
        return new RelayParameters
        {
            Name = name,
            IsTerminal = reader.ReadBoolean(),
            Rows = reader.ReadUInt16(),
            Columns = reader.ReadUInt16(),
            HasInput = reader.ReadBoolean(),
            IsDetachable = reader.ReadBoolean(),
            Owner = reader.ReadUInt32(),
            StopSignal = reader.ReadInt32(),
            PidNamespaceNumber = reader.ReadInt32(),
            RootNumber = reader.ReadInt32(),
            LastNumber = reader.ReadInt32(),
            Rest = ReadBytes(reader) ?? [],
            Plan = new LaunchPlan
            {
                Name = name,
                Program = reader.ReadString(),
                OtherPlaces = ReadTexts(reader),
                Arguments = ReadTexts(reader),
                Environment = ReadTexts(reader),
                OwnMemory = reader.ReadBoolean(),
                DescriptorsBelow = reader.ReadInt32(),
                Steps = ReadSteps(reader),
            },
        };
    }

    private static List<LaunchStep> ReadSteps(BinaryReader reader)
    {
        var steps = new List<LaunchStep>();
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            string label = reader.ReadString();
            var call = (SystemCall)reader.ReadInt64();
            bool mayFail = reader.ReadBoolean();
            int slot = reader.ReadInt32();
            var arguments = new LaunchArgument[reader.ReadInt32()];
            for (int i = 0; i < arguments.Length; i++) arguments[i] = new LaunchArgument(reader.ReadInt64(), ReadBytes(reader)) { Behind = ReadBytes(reader) };
            steps.Add(new LaunchStep(label, call, mayFail, arguments) { Slot = slot });
        }
        return steps;
    }

    private static void WriteTexts(BinaryWriter writer, IReadOnlyList<string> texts)
    {
        writer.Write(texts.Count);
        foreach (string text in texts) writer.Write(text);
    }

    private static string[] ReadTexts(BinaryReader reader)
    {
        var texts = new string[reader.ReadInt32()];
        for (int i = 0; i < texts.Length; i++) texts[i] = reader.ReadString();
        return texts;
    }

    private static void WriteBytes(BinaryWriter writer, byte[]? bytes)
    {
        writer.Write(bytes?.Length ?? -1);
        if (bytes is not null) writer.Write(bytes);
    }

    private static byte[]? ReadBytes(BinaryReader reader) => reader.ReadInt32() is var length and >= 0 ? reader.ReadBytes(length) : null;
}
