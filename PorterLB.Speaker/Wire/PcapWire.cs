using System.Runtime.InteropServices;
using PacketDotNet;
using SharpPcap;
using SharpPcap.LibPcap;

namespace PorterLB.Speaker.Wire;

/// <summary>Opens interfaces with libpcap.</summary>
/// <param name="clock">The machine's clock.</param>
internal sealed class PcapWireFactory(MachineClock clock) : IWireFactory
{
    /// <inheritdoc/>
    public IWire Open(string name, Func<int, CaptureFilter> filter, IFrameSink sink)
    {
        try
        {
            var device = PcapInterface.GetAllPcapInterfaces().FirstOrDefault(candidate => candidate.Name == name)
                ?? throw new IOException($"libpcap does not find {name}: it is gone, or this process lacks CAP_NET_RAW.");
            return new PcapWire(new CaptureDevice(device), filter, sink, clock);
        }
        catch (PcapException error)
        {
            throw new IOException($"{name} cannot be captured on ({error.Message.Trim()}): the speaker needs CAP_NET_RAW.", error);
        }
        catch (DllNotFoundException error)
        {
            throw new IOException("libpcap is missing: install the package libpcap0.8 (Debian, Ubuntu) or libpcap.", error);
        }
    }
}

/// <summary>
/// One interface through libpcap: a ring shared with the kernel, delivered at once (immediate mode), without promiscuous mode. Frames
/// are read by their pointers and judged in place; SharpPcap's own loop would allocate for each, stop only after half a second, and
/// end in silence when the interface vanishes.
/// </summary>
internal sealed unsafe class PcapWire : IWire
{
    /// <summary>The longest frame of interest is a hello of 1,262 bytes.</summary>
    private const int SnapshotLength = 1_536;

    /// <summary>Some 500 frames: a hundred speakers' hellos of five seconds.</summary>
    private const int RingBytes = 1 << 20;

    /// <summary>More frames than the ring holds: a bound, should they come faster than they are read.</summary>
    private const int UnfilteredMax = 4_096;

    private readonly CaptureDevice _device;
    private readonly IFrameSink _sink;
    private readonly MachineClock _clock;
    private readonly StopSignal _stop = new();
    private readonly Thread _thread;
    private bool _reading;

    public PcapWire(CaptureDevice device, Func<int, CaptureFilter> filter, IFrameSink sink, MachineClock clock)
    {
        _device = device;
        _sink = sink;
        _clock = clock;
        try
        {
            device.Open(new DeviceConfiguration
            {
                Mode = DeviceModes.MaxResponsiveness,
                Immediate = true,
                Snaplen = SnapshotLength,
                BufferSize = RingBytes,
            });
            if (device.LinkType != LinkLayers.Ethernet)
            {
                throw new IOException($"{device.Name} is not Ethernet but {device.LinkType}.");
            }

            device.NonBlockingMode = true;

            // Older kernels do not know it: there the filter alone drops our own frames.
            var yes = 1;
            Libc.SetSocketOption(device.Socket, Libc.PacketLevel, Libc.PacketIgnoreOutgoing, &yes, sizeof(int));
            Admit(filter);
            DropUnfiltered();
        }
        catch
        {
            device.Close();
            _stop.Dispose();
            throw;
        }

        _thread = new Thread(Run) { IsBackground = true, Name = $"capture {device.Name}" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public bool HasUnread
    {
        get
        {
            var descriptor = new Libc.PollDescriptor { Descriptor = _device.Socket, Events = Libc.PollIn };
            return (Libc.Poll(&descriptor, 1, 0) == 1 && (descriptor.ReturnedEvents & Libc.PollIn) != 0) || Volatile.Read(ref _reading);
        }
    }

    /// <inheritdoc/>
    public bool Send(ReadOnlySpan<byte> frame)
    {
        try
        {
            _device.SendPacket(frame);
            return true;
        }
        catch (Exception error) when (error is PcapException or DeviceNotReadyException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public CaptureFilter Admit(Func<int, CaptureFilter> filter)
    {
        for (var instructionsMax = CaptureFilter.InstructionsMax; ; instructionsMax /= 2)
        {
            var made = filter(instructionsMax);
            if (TryAttach(made))
            {
                return made;
            }

            // Memory for filters is bounded per socket (optmem_max), and the old one is counted until the new one is in.
            var error = Marshal.GetLastPInvokeError();
            if (error is not (Libc.NoMemory or Libc.NoBufferSpace) || instructionsMax < 400)
            {
                throw Libc.LastError($"attach a filter of {made.Program.Count} instructions to {_device.Name}");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Raise();
        _thread.Join();
        _device.Close();
        _stop.Dispose();
    }
    /// <summary>
    /// Between the opening of the socket and its filter the kernel queues every frame of the interface: these are not ours to judge.
    /// </summary>
    private void DropUnfiltered()
    {
        nint header = 0;
        nint bytes = 0;
        for (var dropped = 0; dropped < UnfilteredMax && _device.GetNextPacketPointers(ref header, ref bytes) == 1; dropped++)
        {
            // Read and forgotten.
        }
    }

    private bool TryAttach(CaptureFilter filter)
    {
        FilterInstruction[] program = [.. filter.Program];
        fixed (FilterInstruction* instructions = program)
        {
            var header = new FilterProgram { Length = (ushort)program.Length, Instructions = instructions };
            return Libc.SetSocketOption(_device.Socket, Libc.SocketLevel, Libc.AttachFilter, &header, (uint)sizeof(FilterProgram)) == 0;
        }
    }

    private void Run()
    {
        nint header = 0;
        nint bytes = 0;
        var emptyAt = _clock.Now;
        while (true)
        {
            var wait = _stop.WaitFor(_device.Socket);
            if (wait == Wait.Stopped)
            {
                return;
            }

            // After an answer, straight back to waiting: to look whether more is there costs a call into the kernel, and the wait says
            // so anyway. What else comes is read until there is no more, which dates what comes next.
            var any = false;
            Volatile.Write(ref _reading, true);
            bool answered;
            int result;
            do
            {
                result = _device.GetNextPacketPointers(ref header, ref bytes);
                answered = result == 1 && Deliver((PacketHeader*)header, (byte*)bytes, emptyAt);
                any |= result == 1;
            }
            while (result == 1 && !answered);

            Volatile.Write(ref _reading, false);
            if (result == 0)
            {
                emptyAt = _clock.Now;
            }

            if (result < 0 || (wait == Wait.Failed && !any))
            {
                _sink.Lost(result < 0 ? _device.LastError : "the interface is gone or down");
                return;
            }
        }
    }

    private bool Deliver(PacketHeader* header, byte* bytes, TimeSpan emptyAt)
    {
        var stamp = DateTimeOffset.FromUnixTimeSeconds(header->Seconds).AddTicks(header->Microseconds * TimeSpan.TicksPerMicrosecond);
        var answer = _sink.Take(new ReadOnlySpan<byte>(bytes, (int)header->CaptureLength), new Capture(_clock.Now, emptyAt, stamp));
        return !answer.IsEmpty && Send(answer);
    }

    /// <summary>struct pcap_pkthdr, whose times are as wide as the machine's words.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PacketHeader
    {
        public nint Seconds;
        public nint Microseconds;
        public uint CaptureLength;
        public uint Length;
    }

    /// <summary>struct sock_fprog.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FilterProgram
    {
        public ushort Length;
        public FilterInstruction* Instructions;
    }
}

/// <summary>SharpPcap's device, with its socket shown.</summary>
internal sealed class CaptureDevice(PcapInterface device) : LibPcapLiveDevice(device)
{
    /// <summary>The packet socket, once opened.</summary>
    public int Socket => FileDescriptor;
}
