using System.Net;
using System.Net.Sockets;

namespace PorterLB.Lab.Network;

/// <summary>
/// A way into the lab from the machine around it: what connects to a port of the machine's own loopback is carried to one server on
/// a host of the lab. Nothing but this machine can use it.
/// </summary>
public sealed class Door : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly NetworkNamespace _space;
    private readonly IPEndPoint _server;

    private Door(NetworkNamespace space, IPEndPoint server)
    {
        _space = space;
        _server = server;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
    }

    public int Port { get; }

    public static Door Open(NetworkNamespace space, IPEndPoint server)
    {
        var door = new Door(space, server);
        _ = door.AcceptAsync();
        return door;
    }

    public void Dispose()
    {
        _closing.Cancel();
        _listener.Dispose();
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        var closing = _closing.Token;
        try
        {
            while (true)
            {
                _ = CarryAsync(await _listener.AcceptTcpClientAsync(closing), closing);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private async Task CarryAsync(TcpClient client, CancellationToken closing)
    {
        using (client)
        {
            try
            {
                await using var inside = await _space.ConnectAsync(_server, closing);
                await using var outside = client.GetStream();

                // Whichever side ends first ends the other.
                await Task.WhenAny(inside.CopyToAsync(outside, closing), outside.CopyToAsync(inside, closing));
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or LabException)
            {
                // The client sees its connection closed.
            }
        }
    }
}
