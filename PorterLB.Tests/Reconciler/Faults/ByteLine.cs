using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace PorterLB.Tests.Reconciler.Faults;

/// <summary>Forwards connections byte by byte, and does to them what networks do.</summary>
internal sealed class ByteLine : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<Connection, bool> _connections = new();
    private readonly int _to;
    private volatile bool _down;

    public ByteLine(int to)
    {
        _to = to;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections there are, those that are stalled included.</summary>
    public int Connections => _connections.Count;

    /// <summary>Every open connection becomes half-open: nothing passes, and nobody is told. New ones are not affected.</summary>
    public void Stall()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Stall();
        }
    }

    /// <summary>Every open connection is reset.</summary>
    public void Reset()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Reset();
        }
    }

    /// <summary>As <see cref="Reset"/>, and new connections are refused until <see cref="Up"/>.</summary>
    public void Down()
    {
        _down = true;
        Reset();
    }

    /// <summary>As <see cref="Stall"/>, and new connections get nowhere either, until <see cref="Up"/>.</summary>
    public void Vanish()
    {
        _down = true;
        Stall();
    }

    public void Up() => _down = false;

    public void Dispose()
    {
        _end.Cancel();
        _listener.Stop();
        Reset();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync(_end.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            if (_down)
            {
                client.Dispose();
                continue;
            }

            _ = CarryAsync(client);
        }
    }

    private async Task CarryAsync(Socket client)
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        var connection = new Connection(client, server);
        _connections[connection] = true;
        try
        {
            await server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _to));
            await Task.WhenAny(connection.CopyAsync(client, server), connection.CopyAsync(server, client));
        }
        catch (SocketException)
        {
        }

        // One that is stalled goes only when the test resets it.
        await connection.EndAsync();
        _connections.TryRemove(connection, out _);
    }

    private sealed class Connection(Socket client, Socket server)
    {
        private readonly TaskCompletionSource _stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _reset = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsStalled => _stalled.Task.IsCompleted;

        public void Stall() => _stalled.TrySetResult();

        public Task EndAsync()
        {
            if (!IsStalled)
            {
                Reset();
            }

            return _reset.Task;
        }

        public void Reset()
        {
            if (_reset.TrySetResult())
            {
                client.LingerState = new LingerOption(enable: true, seconds: 0);
                client.Dispose();
                server.Dispose();
            }
        }

        public async Task CopyAsync(Socket from, Socket to)
        {
            var buffer = new byte[16 * 1024];
            try
            {
                while (true)
                {
                    var read = await from.ReceiveAsync(buffer);
                    if (IsStalled)
                    {
                        // Taken off the wire and delivered to nobody, until the test is over.
                        await _reset.Task;
                        return;
                    }

                    if (read == 0)
                    {
                        return;
                    }

                    await to.SendAsync(buffer.AsMemory(0, read));
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
            }
        }
    }
}
