using Microsoft.Extensions.Logging.Abstractions;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Tests.Reconciler.Hosting;

public class HttpAddressTests
{
    [Theory]
    [InlineData(":8080", 8080)]
    [InlineData("127.0.0.1:7473", 7473)]
    [InlineData("[::1]:7473", 7473)]
    [InlineData("localhost:1", 1)]
    public void Addresses_as_Kubernetes_programs_write_them(string text, int port)
    {
        Assert.True(HttpAddress.TryParse(text, out var address));
        Assert.Equal(port, address!.Port);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("")]
    [InlineData(null)]
    public void Zero_and_nothing_are_off(string? text) => Assert.Null(HttpAddress.Parse(text));

    [Theory]
    [InlineData("8080")]
    [InlineData("host.example:80")]
    [InlineData("::1:80")]
    [InlineData("[127.0.0.1]:80")]
    [InlineData(":65536")]
    [InlineData(":-1")]
    [InlineData("127.0.0.1:")]
    public void What_is_no_address_is_told_what_would_be(string text) => Assert.Equal(
        $"'{text}' is no address to serve on: write host:port as in 127.0.0.1:8081, :8081 for all addresses of this host, or 0 for off.",
        Assert.Throws<OperatorException>(() => HttpAddress.Parse(text)).Message);

    [Fact]
    public async Task A_port_in_use_is_one_clear_sentence()
    {
        using var first = new HttpServer(HttpAddress.Parse("127.0.0.1:0")!, "Health", _ => Task.CompletedTask, NullLoggerFactory.Instance);
        await first.StartAsync(CancellationToken.None);
        var taken = new Uri(first.Addresses.Single()).Authority;
        using var second = new HttpServer(HttpAddress.Parse(taken)!, "Health", _ => Task.CompletedTask, NullLoggerFactory.Instance);
        var exception = await Assert.ThrowsAsync<OperatorException>(() => second.StartAsync(CancellationToken.None));
        Assert.Equal($"Health cannot be served on {taken}: the port is in use. Choose another address, or 0 to do without.", exception.Message);
    }
}
