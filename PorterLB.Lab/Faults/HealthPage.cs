using System.Net;
using System.Net.Sockets;
using System.Text;
using PorterLB.Lab.Network;

namespace PorterLB.Lab.Faults;

/// <summary>A health page on a node's loopback, as kube-proxy has one on port 10256.</summary>
internal sealed class HealthPage : IDisposable
{
    private readonly TcpListener _listener;
    private volatile int _status = 200;

    private HealthPage(TcpListener listener) => _listener = listener;

    /// <summary>What it answers.</summary>
    public int Status
    {
        set => _status = value;
    }

    public static HealthPage Open(Host host, int port)
    {
        var page = new HealthPage(host.Namespace.Enter(() =>
        {
            var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return listener;
        }));
        _ = page.ServeAsync();
        return page;
    }

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                await using var stream = client.GetStream();
                _ = await stream.ReadAtLeastAsync(new byte[4096], 1, throwOnEndOfStream: false);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {_status} Health\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
            }
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            // Closed.
        }
    }
}
