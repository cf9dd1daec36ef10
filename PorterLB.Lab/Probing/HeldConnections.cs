using System.Net;
using System.Net.Sockets;

namespace PorterLB.Lab.Probing;

/// <summary>How many connections were opened, and how many still carried data at the end.</summary>
public sealed record HeldResult(int Opened, int Survived);

/// <summary>Opens TCP connections, speaks on each now and then, and counts at the end which still answer.</summary>
internal sealed class HeldConnections(IPEndPoint target, int count)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(3);

    public async Task<HeldResult> RunAsync(Action opened, CancellationToken stop)
    {
        var sockets = new List<Socket>();
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            sockets.Add(socket);
            using var patience = new CancellationTokenSource(AnswerPatience);
            await socket.ConnectAsync(target, patience.Token);
        }

        opened();
        var survived = await Task.WhenAll(sockets.Select(socket => SpeakAsync(socket, stop)));
        sockets.ForEach(socket => socket.Dispose());
        return new HeldResult(count, survived.Count(alive => alive));
    }

    private static async Task<bool> SpeakAsync(Socket socket, CancellationToken stop)
    {
        var buffer = new byte[256];
        try
        {
            // The last word is spoken after the end was asked for: a connection that broke meanwhile cannot answer it.
            for (var last = false; ;)
            {
                using var patience = new CancellationTokenSource(AnswerPatience);
                await socket.SendAsync("tick\n"u8.ToArray(), patience.Token);
                if (await socket.ReceiveAsync(buffer, patience.Token) == 0)
                {
                    return false;
                }

                if (last)
                {
                    return true;
                }

                last = stop.IsCancellationRequested;
                if (!last)
                {
                    await Task.Delay(Pause, CancellationToken.None);
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
