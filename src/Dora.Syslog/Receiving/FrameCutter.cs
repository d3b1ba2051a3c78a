namespace Dora.Syslog.Receiving;

/// <summary>
/// Cuts what comes over a connection into messages (RFC 6587). Each has its length in front of it (<c>17 &lt;13&gt;1 - ...</c>), or ends with a newline
/// or a NUL; which of the two is seen anew for each message. A length is a number from 1 to <see cref="LongestFrame"/> with a blank and a <c>&lt;</c> behind it;
/// anything else is text, but a greater number is an error: nobody could tell where the next message begins.
///
/// It keeps nothing: what is not whole is left in <see cref="Rest"/>, from its length on. One that is longer than <see cref="Enough"/> and not whole is given out
/// in parts, so that it need not fit into anything, and <see cref="State"/> says how it goes on. Of a message <see cref="Longest"/> bytes are given out; what
/// comes behind is passed over and counted.
/// </summary>
internal ref struct FrameCutter(ReadOnlySpan<byte> bytes, FrameState state)
{
    public const int Longest = 64 * 1024, LongestFrame = 16 << 20, Enough = LogRing.MaximumText;

    private const int MostDigits = 16; // so many are no length of anything

    public ReadOnlySpan<byte> Rest = bytes;
    public FrameState State = state;

    /// <summary>A message, or a part of one.</summary>
    public ReadOnlySpan<byte> Part;

    public bool IsFirst, IsLast;

    /// <summary>With the last part: bytes of the message that were passed over.</summary>
    public int CutOff;

    /// <summary>There is a length that cannot be one.</summary>
    public bool IsBroken;

    /// <summary>Finds the next part; with <paramref name="isEnd"/>, when no more will come, also what is not whole.</summary>
    public bool Next(bool isEnd)
    {
        while (true)
        {
            // Some send a newline behind a counted message, and count it not.
            if (!State.HasBegun) Rest = Rest.TrimStart("\0\n\r"u8);
            if (Rest.IsEmpty || IsBroken) return false;
            var frame = Rest;
            var state = State;
            if (!State.HasBegun && !TryBegin(ref frame, ref state, isEnd)) return false;
            int end = state.IsCounted ? state.Rest : frame.IndexOfAny((byte)'\n', (byte)'\0');
            bool isWhole = end >= 0 && end <= frame.Length;
            if (isWhole) frame = frame[..end];
            bool isTooLong = state.Kept + frame.Length > Longest;
            if (!isWhole && !isEnd && !isTooLong && frame.Length < Enough) return false;

            IsFirst = !state.HasBegun;
            IsLast = isWhole || isEnd;
            Part = isTooLong ? frame[..Math.Max(Longest - state.Kept, 0)] : frame;
            // A character goes on with the next part, or is cut off with the rest.
            if (isTooLong || !IsLast) Part = Part[..LineCutter.CharacterBoundary(Part)];
            int taken = isTooLong || IsLast ? frame.Length : Part.Length;
            state.CutOff += taken - Part.Length;
            state.Kept = state.CutOff > 0 ? Longest : state.Kept + Part.Length;
            state.HasBegun = true;
            if (state.IsCounted) state.Rest -= taken;
            int ahead = Rest.Length - (IsFirst && state.IsCounted ? LengthOfHead() : 0);
            Rest = Rest[(Rest.Length - ahead + taken)..];
            if (isWhole && !state.IsCounted) Rest = Rest[1..];
            CutOff = IsLast ? state.CutOff : 0;
            State = IsLast ? default : state;
            if (!Part.IsEmpty || CutOff > 0) return true;
            // Empty, or all of it is passed over: nobody need know.
        }
    }

    // "17 " of a counted message.
    private readonly int LengthOfHead() => Rest.IndexOf((byte)' ') + 1;

    /// <summary>At the beginning of a message: what it ends with. False if too little of it is there, or it is broken.</summary>
    private bool TryBegin(ref ReadOnlySpan<byte> frame, ref FrameState state, bool isEnd)
    {
        int digits = 0;
        long length = 0;
        for (; digits < frame.Length && digits < MostDigits && frame[digits] is >= (byte)'0' and <= (byte)'9'; digits++) length = length * 10 + frame[digits] - '0';
        if (digits == 0 || digits == MostDigits || frame[0] == (byte)'0') return true;
        bool isCut = digits == frame.Length || (frame[digits] == (byte)' ' && digits + 1 == frame.Length);
        if (isCut) return isEnd;
        if (frame[digits] != (byte)' ' || frame[digits + 1] != (byte)'<') return true;
        IsBroken = length > LongestFrame;
        if (IsBroken) return false;
        state.IsCounted = true;
        state.Rest = (int)length;
        frame = frame[(digits + 1)..];
        return true;
    }
}
