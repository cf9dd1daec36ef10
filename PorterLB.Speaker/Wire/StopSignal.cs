using Microsoft.Win32.SafeHandles;

namespace PorterLB.Speaker.Wire;

/// <summary>Wakes a thread that waits in poll, so that it ends at once and not with the next frame or message.</summary>
internal sealed class StopSignal : IDisposable
{
    private readonly SafeFileHandle _event = Libc.NewEvent();

    /// <summary>The descriptor to wait for beside one's own.</summary>
    public int Descriptor => (int)_event.DangerousGetHandle();

    /// <summary>From now on every wait returns at once.</summary>
    public void Raise()
    {
        Span<byte> one = stackalloc byte[sizeof(ulong)];
        BitConverter.TryWriteBytes(one, 1UL);
        RandomAccess.Write(_event, one, 0);
    }

    /// <inheritdoc/>
    public void Dispose() => _event.Dispose();

    /// <summary>Waits until this descriptor has something to read, or this signal is raised.</summary>
    /// <param name="descriptor">What to wait for.</param>
    /// <param name="timeoutMilliseconds">How long at most; −1 for ever.</param>
    public unsafe Wait WaitFor(int descriptor, int timeoutMilliseconds = -1)
    {
        var descriptors = stackalloc Libc.PollDescriptor[2];
        descriptors[0] = new Libc.PollDescriptor { Descriptor = descriptor, Events = Libc.PollIn };
        descriptors[1] = new Libc.PollDescriptor { Descriptor = Descriptor, Events = Libc.PollIn };
        var ready = Libc.Poll(descriptors, 2, timeoutMilliseconds);
        if (ready < 0)
        {
            return System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == Libc.Interrupted ? Wait.TimedOut : Wait.Failed;
        }

        return ready == 0 ? Wait.TimedOut
            : descriptors[1].ReturnedEvents != 0 ? Wait.Stopped
            : (descriptors[0].ReturnedEvents & Libc.PollError) != 0 ? Wait.Failed
            : Wait.Readable;
    }
}

/// <summary>Why a wait ended.</summary>
internal enum Wait
{
    TimedOut,
    Readable,

    /// <summary>The descriptor is in an error state: the interface went away or down.</summary>
    Failed,
    Stopped,
}
