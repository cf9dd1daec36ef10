using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace PorterLB.Reconciler.Hosting;

/// <summary>
/// Where something is served, as Kubernetes' programs write it: <c>:8080</c> on all addresses, <c>127.0.0.1:7473</c>,
/// <c>[::1]:7473</c>, <c>localhost:7473</c>; <c>0</c> or empty = not at all.
/// </summary>
public sealed record HttpAddress
{
    private readonly IPAddress? _address;
    private readonly bool _localhost;

    private HttpAddress(string text, IPAddress? address, bool localhost, int port)
    {
        Text = text;
        _address = address;
        _localhost = localhost;
        Port = port;
    }

    /// <summary>As the user wrote it.</summary>
    public string Text { get; }

    /// <summary>0 = any free one.</summary>
    public int Port { get; }

    /// <summary>Reads an address.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="address">Null when it is to be off.</param>
    /// <returns>False when it is no address.</returns>
    public static bool TryParse(string? text, out HttpAddress? address)
    {
        address = null;
        if (string.IsNullOrEmpty(text) || text == "0")
        {
            return true;
        }

        var colon = text.LastIndexOf(':');
        if (colon < 0
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port > IPEndPoint.MaxPort)
        {
            return false;
        }

        var host = text[..colon];
        if (host.Length == 0)
        {
            address = new HttpAddress(text, address: null, localhost: false, port);
            return true;
        }

        if (host == "localhost")
        {
            address = new HttpAddress(text, address: null, localhost: true, port);
            return true;
        }

        // Without brackets, the last colon of an IPv6 address would be taken for the one before the port.
        var bracketed = host is ['[', .., ']'];
        if (!IPAddress.TryParse(bracketed ? host[1..^1] : host, out var ip)
            || bracketed != (ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6))
        {
            return false;
        }

        address = new HttpAddress(text, ip, localhost: false, port);
        return true;
    }

    /// <summary>Reads an address; null when it is to be off.</summary>
    /// <exception cref="OperatorException">It is no address.</exception>
    public static HttpAddress? Parse(string? text) => TryParse(text, out var address)
        ? address
        : throw new OperatorException(
            $"'{text}' is no address to serve on: write host:port as in 127.0.0.1:8081, :8081 for all addresses of this host, or 0 for off.");

    /// <inheritdoc/>
    public override string ToString() => Text;

    internal void Listen([NotNull] KestrelServerOptions options)
    {
        if (_localhost)
        {
            options.ListenLocalhost(Port);
        }
        else if (_address is null)
        {
            options.ListenAnyIP(Port);
        }
        else
        {
            options.Listen(_address, Port);
        }
    }
}
