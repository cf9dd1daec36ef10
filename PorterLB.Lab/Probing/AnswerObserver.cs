using System.Net;
using System.Net.NetworkInformation;

namespace PorterLB.Lab.Probing;

/// <summary>
/// Asks for each address at a fixed pace, as if its own neighbour entry were always just gone, and writes down everything that
/// anybody says about it: who answers, who claims, and when.
/// </summary>
internal sealed class AnswerObserver(string networkInterface, IReadOnlyList<IPAddress> addresses, TimeSpan interval)
{
    public AnswerLog Run(CancellationToken stop)
    {
        var card = NetworkInterface.GetAllNetworkInterfaces().First(card => card.Name == networkInterface);
        var mac = card.GetPhysicalAddress();
        var own = card.GetIPProperties().UnicastAddresses.Select(unicast => unicast.Address).ToList();
        IPAddress SenderFor(IPAddress target) => own.First(address => address.AddressFamily == target.AddressFamily && !address.IsIPv6LinkLocal);

        var questions = addresses.Select(target => NeighborFrames.Question(target, mac, SenderFor(target))).ToList();
        var answers = addresses.ToDictionary(address => address, _ => new List<Answer>());
        var claims = addresses.ToDictionary(address => address, _ => new List<Claim>());
        var asked = 0L;
        var asks = new List<long>();
        var (hellos, unasked) = (0L, 0L);
        using var socket = new RawSocket(networkInterface);
        var asking = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Volatile.Write(ref asked, ProbeResult.Now);
                asks.Add(asked);
                questions.ForEach(question => socket.Send(question));
                Thread.Sleep(interval);
            }
        });
        asking.Start();

        var buffer = new byte[2048];
        while (!stop.IsCancellationRequested)
        {
            var length = socket.Receive(buffer);
            var frame = buffer.AsSpan(0, length);
            hellos += NeighborFrames.IsHello(frame) ? 1 : 0;
            if (NeighborFrames.Read(frame) is not { } saying)
            {
                continue;
            }

            unasked += saying.IsClaim ? 1 : 0;
            if (!answers.TryGetValue(saying.Address, out var list))
            {
                continue;
            }

            if (saying.IsClaim)
            {
                claims[saying.Address].Add(new Claim(ProbeResult.Now, saying.Mac));
            }
            else
            {
                list.Add(new Answer(Volatile.Read(ref asked), ProbeResult.Now, saying.Mac));
            }
        }

        asking.Join();
        return new AnswerLog(
            [.. addresses.Select(address => new AddressAnswers(address.ToString(), [.. answers[address]], [.. claims[address]]))],
            [.. asks],
            new HeardFrames(hellos, unasked));
    }
}
