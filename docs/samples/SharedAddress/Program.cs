// Two or more machines share addresses, as people do with keepalived: exactly one of them answers ARP and NDP for each, another takes
// over in under half a second when it dies, and nothing is lost when it is stopped. Run it as root (CAP_NET_RAW) on each machine:
//
//   shared-address a a,b secret-of-sixteen-letters 192.168.0.91 2001:db8::91
//   shared-address b a,b secret-of-sixteen-letters 192.168.0.91 2001:db8::91
//
// The first argument is this machine's name, the second names all of them: the first of these is the one preferred. The addresses must
// lie in the subnet of an interface. So that the machine that holds an address also receives what is sent to it, put it on a loopback
// interface of both (ip address add 192.168.0.91/32 dev lo) and keep the kernel from answering for it (sysctl net.ipv4.conf.all.arp_ignore=1).
using System.Collections.Immutable;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using PorterLB.Speaker;

if (args.Length < 4)
{
    await Console.Error.WriteLineAsync("usage: shared-address NAME NAME,NAME... SECRET ADDRESS...");
    return 2;
}

var (name, names, secret) = (args[0], args[1].Split(','), args[2]);
var time = TimeProvider.System;
await using var speaker = LayerTwoSpeaker.Start(
    new SpeakerOptions
    {
        NodeName = name,
        ClusterTag = [.. "shared-1"u8],
        Keys = [Encoding.UTF8.GetBytes(secret)],
    },
    NullLoggerFactory.Instance,
    time);

// The rights never change here. What gives them (a file, an API) would call Apply again with a greater epoch for what it moves.
speaker.SetContact(fresh: true);
speaker.Apply(new Rights(args[3..].Select(IPAddress.Parse).ToImmutableDictionary(
    address => address,
    address => new AddressRights
    {
        Address = address,
        Epoch = 1,
        Elected = names[0],
        Eligible = [.. names.Order(StringComparer.Ordinal)],
    })));

using var stop = new CancellationTokenSource();
using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
try
{
    await foreach (var report in speaker.Reports.ReadAllAsync(stop.Token))
    {
        Console.WriteLine(
            $"{time.GetUtcNow():HH:mm:ss.fff} {name} {report.Kind} {report.Address} {report.Interface} {report.Node} {report.Mac} {report.Detail}");
    }
}
catch (OperationCanceledException)
{
    await speaker.LeaveAsync(CancellationToken.None);
}

return 0;

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
