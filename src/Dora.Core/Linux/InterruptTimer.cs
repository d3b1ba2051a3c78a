namespace Dora.Core.Linux;

/// <summary>
/// Interrupts a read or a close that would wait for a connection that somebody has passed to us: SIGALRM, again and again until the
/// call has returned (setitimer(2)).
///
/// What it is against. Whoever may write to a Unix socket may send descriptors along (SCM_RIGHTS) and close his own: then what
/// takes his message out of the queue closes the last one, be it a read or, with all that is unread, the close of the socket.
/// Close of a TCP socket with SO_LINGER waits, whatever O_NONBLOCK says, for as many seconds as he has set, if its peer does not
/// take what was sent. So any user of /dev/log, of the control socket or of a service's notify socket could stop the one thread of syslog,
/// of the manager or of PID 1 for as long as he liked. Descriptors that are thrown away unread (MSG_CTRUNC) are closed all the same.
///
/// Why a signal. That wait is one that a pending signal ends, and the kernel closes what was in a message on the way back to user
/// space, before it handles signals: a single one, once it is pending, ends the wait of each of up to 253 sockets, and of those that
/// lie in the queues of Unix sockets that were passed (which nobody could set SO_LINGER of). Receiving them to close them elsewhere
/// would fill our table with what others choose, and does not help where a close throws away what was never read. SO_PASSRIGHTS (Linux 6.16)
/// refuses them altogether; the kernel of the image is 6.1, and notify sockets need them.
///
/// Why again and again. The first one may come before the call has entered the kernel, is handled, and ends nothing.
///
/// The signal is open in the thread of the loop all the time, and its handler is empty (native/signals.c, with SA_RESTART): to block it in
/// between would be two calls more, and while the timer is not armed nobody but root can send it. The timer is the process's; the kernel
/// gives its signal to the first thread, which is the one of the loop. Only that thread arms it, and only around one call, so
/// no other ever sees EINTR. A child inherits no timer, and a launch resets handlers and the mask.
///
/// It is armed for each read and close of a <see cref="FileDescriptor"/> that may carry descriptors
/// (<see cref="FileDescriptor.MayLinger"/>); for /dev/log, the hot path, only if the datagram has some. That costs 1 to 3 us, and three times as
/// much with 0.2 ms in place of 1: what is due before the next tick has to be told to the hardware. Pairs of sockets with processes of ours do without.
///
/// What is left: such a message costs us a millisecond in place of 6 us. And a file that was deleted goes with its last descriptor: to free a
/// very large one takes its time, and no signal ends that.
/// </summary>
internal readonly unsafe ref struct InterruptTimer
{
    private const long PeriodUs = 1000;

    [ThreadStatic]
    private static bool s_isOpen;

    private readonly bool _isArmed;

    private InterruptTimer(bool isArmed) => _isArmed = isArmed;

    /// <summary>For the first thread, once it has a handler for SIGALRM and has unblocked it; without this <see cref="Arm"/> does nothing.</summary>
    public static void Open() => s_isOpen = true;

    /// <summary>Until the end of the scope, which must be a single system call.</summary>
    public static InterruptTimer Arm(bool isWanted = true)
    {
        if (!isWanted || !s_isOpen) return default;
        Set(PeriodUs);
        return new InterruptTimer(true);
    }

    public void Dispose()
    {
        if (_isArmed) Set(0);
    }

    private static void Set(long periodUs)
    {
        var time = new Libc.timeval { tv_usec = periodUs };
        var value = new Libc.itimerval { it_interval = time, it_value = time };
        _ = Libc.setitimer(Libc.ITIMER_REAL, &value, null);
    }
}
