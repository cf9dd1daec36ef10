using Microsoft.Extensions.DependencyInjection;

namespace PorterLB.Reconciler.Hosting;

/// <summary>The door to the framework.</summary>
public static class OperatorServices
{
    /// <summary>Adds an operator to a host. It starts and stops with the host.</summary>
    public static IOperatorBuilder AddKubernetesOperator(
        this IServiceCollection services, Action<OperatorSettingsBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var settings = new OperatorSettingsBuilder();
        configure?.Invoke(settings);
        return new OperatorBuilder(services, settings.Build());
    }
}
