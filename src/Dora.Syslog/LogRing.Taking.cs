using System.Diagnostics;

namespace Dora.Syslog;

/// <summary>
/// Lines are taken exactly once, whenever syslog is killed.
///
/// What a writer's write(2) has accepted lies in a pipe or a socket that the guard holds, and what we have stored lies in
/// this memory, which the guard holds too. A line must be in one of the two at every instant, and in the ring once. Nothing
/// is atomic over both; but a system call that takes bytes out of a pipe can leave a trace in this memory by itself:
///
///   1. Look (tee(2), MSG_PEEK): the bytes are here and still there. Half a line at their end is left where it is.
///   2. <see cref="Begin"/>: note the ring's end and next number, and store a witness: one byte that is *not* the first
///      byte of what was seen; then mark "taking".
///   3. Append the lines. Nobody is shown them yet (<see cref="IsTaking"/>).
///   4. Take the bytes with one call whose first byte goes to the witness.
///   5. <see cref="Settle"/>: the witness is the first byte: it was taken, the lines stand. It is not: the ring goes back to
///      where it was, and the lines are read again. Unmark.
///
/// Whoever attaches to a ring that is marked settles it in the same way, so that a successor, a call that failed and the
/// ordinary course are one piece of code. Settling may be cut short and done again.
///
/// Why the call is a whole: the bytes have been seen, and nobody but us reads this pipe, so they are there, and a read of no
/// more than that neither waits nor looks for signals: SIGKILL acts when it returns. It would be cut short only by a page
/// that cannot be written to. The witness' page has just been written to in step 2, and the rest goes over what step 1 has
/// put there. (A datagram is taken by a read of one byte: the kernel throws the rest away.)
///
/// The order of our own stores is all that counts, since the next process begins when this one has ended.
///
/// Streams that are in the middle of a line which was given out in part (too long, or a pause) are in a small table behind
/// the ring, so that the successor goes on with the line and its priority. It changes when a batch is settled. Kernel
/// records have numbers: there the first number that is not taken yet does what the witness does.
///
/// Lines that are dropped (<see cref="LogRates"/>) are taken in the same way; what they count is put back with the rest. A line about
/// them is a batch of its own, whose witness we write ourselves (<see cref="Commit"/>).
/// </summary>
internal sealed unsafe partial class LogRing
{
    /// <summary>The table of lines that go on, at the end of the memory.</summary>
    public const int TableSize = MaximumUnfinished * 16;

    private const int MaximumUnfinished = 64;
    private const byte Idle = 0, Taking = 1, TakingKernel = 2;

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential)]
    private struct Unfinished
    {
        public long Stream; // 0: free
        public byte Severity;
        private fixed byte _unused[7];
    }

    private readonly Action? _stepped;

    /// <summary>The lines behind the mark may yet be taken back.</summary>
    public bool IsTaking => _header->State != Idle;

    /// <summary>Where the first byte that is taken goes.</summary>
    public byte* Witness => &_header->Witness;

    /// <summary>What is appended from here on stands once a byte that is <paramref name="first"/> has come to <see cref="Witness"/>.</summary>
    public void Begin(byte first, long stream = 0) => Mark(Taking, first, stream);

    /// <summary>What is appended from here on stands once <see cref="NextKernelSequence"/> has changed.</summary>
    public void BeginKernel() => Mark(TakingKernel, 0, NextKernelSequence);

    /// <summary>In a severity: the line that it is of is dropped. Who does not know that goes on with it.</summary>
    public const byte DroppedLine = 8;

    /// <summary>How the stream that is being taken goes on: with a line that was begun, of this severity; null: with a new one.</summary>
    public void GoesOn(byte? severity) => _header->After = severity is { } begun ? (byte)(begun + 1) : (byte)0;

    /// <summary>Unmarks; false if what was to be taken is still where it was, and the lines with it.</summary>
    public bool Settle()
    {
        if (!IsTaking) return true;
        bool isTaken = _header->State == TakingKernel ? _header->NextKernelSequence != _header->Source : _header->Witness == _header->First;
        Step();
        if (!isTaken)
        {
            TakeBack();
            Rates?.TakeBack();
        }
        else if (_header->Source != 0 && _header->State == Taking) Note(_header->Source, _header->After);
        Step();
        Rates?.Settle();
        Step();
        Volatile.Write(ref _header->State, Idle);
        Step();
        return isTaken;
    }

    /// <summary>What was appended since <see cref="Begin"/> stands: nothing had to be taken from anywhere.</summary>
    public void Commit()
    {
        Volatile.Write(ref _header->Witness, _header->First);
        Step();
        Settle();
    }

    /// <summary>The severity of the line that the stream is in the middle of; null if it is in none.</summary>
    public byte? UnfinishedOf(long stream) => Find(stream) is var entry && entry != null ? (byte)(entry->Severity & (7 | DroppedLine)) : null;

    /// <summary>The stream is over.</summary>
    public void Forget(long stream)
    {
        if (Find(stream) is var entry && entry != null) entry->Stream = 0;
    }

    [Conditional("DEBUG")]
    internal void Step() => _stepped?.Invoke();

    private void Mark(byte state, byte first, long source)
    {
        Settle(); // only if a handler was ended by an exception
        _header->SavedEnd = _header->End;
        _header->SavedSequence = _header->NextSequence;
        _header->SavedKernelDropped = _header->KernelDropped;
        _header->Source = source;
        _header->First = first;
        _header->Witness = (byte)~first;
        _header->After = 0;
        Step();
        Volatile.Write(ref _header->State, state);
        Step();
    }

    private void TakeBack()
    {
        // The end first: there must be no record with a number that is still to be given. What was overwritten meanwhile
        // is gone; if that was everything, the ring is empty.
        Volatile.Write(ref _header->End, Math.Max(_header->SavedEnd, _header->Start));
        Step();
        Volatile.Write(ref _header->NextSequence, _header->SavedSequence);
        Step();
        _header->KernelDropped = _header->SavedKernelDropped;
        _firstSequence = Math.Min(_firstSequence, _header->NextSequence);
    }

    /// <summary>What a mark says can be acted upon.</summary>
    private bool IsMarkSound => _header->State <= TakingKernel && (_header->State == Idle
        || (_header->SavedEnd <= _header->End && (_header->SavedEnd & 7) == 0
            && _header->SavedSequence >= 1 && _header->SavedSequence <= _header->NextSequence));

    private Unfinished* Table => (Unfinished*)(_data + _capacity);

    private Unfinished* Find(long stream)
    {
        for (int i = 0; i < MaximumUnfinished; i++)
            if (Table[i].Stream == stream) return Table + i;
        return null;
    }

    private void Note(long stream, byte after)
    {
        var entry = Find(stream);
        if (after == 0)
        {
            if (entry != null) entry->Stream = 0;
            return;
        }
        if (entry == null) entry = Find(0);
        if (entry == null)
        {
            // More streams than ever are in the middle of a line: the eldest's next piece will be a line of its own.
            entry = Table;
            for (int i = 1; i < MaximumUnfinished; i++)
                if (Table[i].Stream < entry->Stream) entry = Table + i;
        }
        entry->Severity = (byte)(after - 1);
        Step();
        Volatile.Write(ref entry->Stream, stream);
    }
}
