using PorterLB.Lab;
using PorterLB.Lab.Lifetime;

namespace PorterLB.Tests.EndToEnd;

/// <summary>An API server with the webhooks of config/, one manager that serves them, and no node.</summary>
public sealed class WebhookLab : IAsyncLifetime
{
    private LightLab? _lab;

    public LightLab Lab => _lab ?? throw new InvalidOperationException("The lab was not started.");

    public async ValueTask InitializeAsync()
    {
        if (Privileges.Lacking is not null)
        {
            return;
        }

        _lab = await LightLab.StartAsync(new LightLabOptions { Kind = "tests", Nodes = 0 }, _ => { });
        await _lab.InstallAsync();
        await _lab.InstallWebhooksAsync();
        _lab.StartManager();
        await _lab.WaitForManagerAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_lab is not null)
        {
            await _lab.DisposeAsync();
        }
    }
}

/// <summary>The tests that share it, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class WebhookCollection : ICollectionFixture<WebhookLab>
{
    public const string Name = "Webhooks on a real API server";
}
