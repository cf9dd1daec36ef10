using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using PorterLB.Lab;
using PorterLB.Lab.Faults;
using PorterLB.Lab.Lifetime;

namespace PorterLB.Tests.EndToEnd;

/// <summary>A light lab with PorterLB running in it, a pool, and one dual-stack Service that is announced.</summary>
public sealed class LayerTwoLab : IAsyncLifetime
{
    private LightLab? _lab;

    public LightLab Lab => _lab ?? throw new InvalidOperationException("The lab was not started.");

    public ImmutableArray<IPAddress> Addresses { get; private set; } = [];

    public IPAddress V4 => Addresses.First(address => address.AddressFamily == AddressFamily.InterNetwork);

    public OwnerFaults Faults => new(Lab, [V4, .. Addresses.Where(address => !address.Equals(V4))]);

    public async ValueTask InitializeAsync()
    {
        if (Privileges.Lacking is not null)
        {
            return;
        }

        _lab = await LightLab.StartAsync(new LightLabOptions { Kind = "tests" }, _ => { });
        try
        {
            await _lab.StartPorterLBAsync();
            var pool = await _lab.CreatePoolAsync();
            Assert.True(pool.Succeeded, pool.Text);
            Addresses = await _lab.PublishAsync("web");
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_lab is not null)
        {
            await _lab.DisposeAsync();
        }
    }
}
