using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;

namespace PorterLB.Lab.Probing;

/// <summary>A machine that troubles the segment, until it is told to stop. Returns how many frames it sent.</summary>
internal static class Nuisance
{
    private const int Tick = 10;

    /// <summary>Asks who has an address, and its neighbours, so many times a second.</summary>
    public static long Flood(string networkInterface, IPAddress around, int rate, CancellationToken stop)
    {
        var card = NetworkInterface.GetAllNetworkInterfaces().First(card => card.Name == networkInterface);
        var own = card.GetIPProperties().UnicastAddresses.Select(unicast => unicast.Address).First(address => address.AddressFamily == around.AddressFamily && !address.IsIPv6LinkLocal);
        var questions = Enumerable.Range(0, 4).Select(i =>
        {
            var bytes = around.GetAddressBytes();
            bytes[^1] += (byte)i;
            return NeighborFrames.Question(new IPAddress(bytes), card.GetPhysicalAddress(), own);
        }).ToArray();
        using var socket = new RawSocket(networkInterface);
        var started = Stopwatch.GetTimestamp();
        long sent = 0;
        while (!stop.IsCancellationRequested)
        {
            for (var due = (long)(Stopwatch.GetElapsedTime(started).TotalSeconds * rate); sent < due; sent++)
            {
                socket.Send(questions[sent % questions.Length]);
            }

            Thread.Sleep(Tick);
        }

        return sent;
    }

    /// <summary>
    /// Records the speakers' hellos, and says them again from another machine: as they were, with a bit of each changed, and as if they
    /// had come through a router.
    /// </summary>
    public static long Replay(string networkInterface, CancellationToken stop)
    {
        const int recorded = 12;
        var mac = NetworkInterface.GetAllNetworkInterfaces().First(card => card.Name == networkInterface).GetPhysicalAddress().GetAddressBytes();
        using var socket = new RawSocket(networkInterface);
        List<byte[]> hellos = [];
        var buffer = new byte[2048];
        while (hellos.Count < recorded && !stop.IsCancellationRequested)
        {
            var length = socket.Receive(buffer);
            if (length > 0 && NeighborFrames.IsHello(buffer.AsSpan(0, length)) && buffer[12] == 8)
            {
                hellos.Add(buffer[..length]);
            }
        }

        long sent = 0;
        for (; !stop.IsCancellationRequested && hellos.Count > 0; sent++)
        {
            var frame = hellos[(int)(sent % hellos.Count)].ToArray();

            // Its own source address: the switch is not to be led astray, it is the speakers that are tried.
            mac.CopyTo(frame, 6);
            switch (sent % 3)
            {
                case 1:
                    frame[50 + (int)(sent % (frame.Length - 50))] ^= 0x10;
                    break;
                case 2:
                    frame[22] = 64;
                    WriteChecksum(frame.AsSpan(14, 20));
                    break;
            }

            socket.Send(frame);
            Thread.Sleep(Tick / 5);
        }

        return sent;
    }

    private static void WriteChecksum(Span<byte> header)
    {
        header[10..12].Clear();
        uint sum = 0;
        for (var i = 0; i < header.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(header[i..]);
        }

        BinaryPrimitives.WriteUInt16BigEndian(header[10..], (ushort)~((sum & 0xffff) + (sum >> 16)));
    }
}
