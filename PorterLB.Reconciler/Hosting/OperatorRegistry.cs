using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using PorterLB.Reconciler.Controllers;

namespace PorterLB.Reconciler.Hosting;

/// <summary>A runnable and its name in logs.</summary>
internal sealed record RunnableRegistration(string Name, bool LeaderOnly, Func<IServiceProvider, CancellationToken, Task> Run);

/// <summary>A controller, and the kinds that it needs informers of.</summary>
internal sealed record ControllerRegistration(string Name, IReadOnlyList<Type> EntityTypes, Func<IServiceProvider, IControllerRunner> Resolve);

/// <summary>What an operator is made of, as the builder collected it.</summary>
internal sealed class OperatorRegistry
{
    public HashSet<Type> Informers { get; } = [];

    public List<ControllerRegistration> Controllers { get; } = [];

    public List<RunnableRegistration> Runnables { get; } = [];

    public List<Func<IServiceProvider, ILeaderStartup>> LeaderStartups { get; } = [];

    public List<Func<IServiceProvider, IHostedService>> Servers { get; } = [];

    public HttpAddress? HealthAddress { get; set; }

    public HttpAddress? MetricsAddress { get; set; }

    /// <exception cref="OperatorException">Something that is needed was not added.</exception>
    public void Validate(IServiceProvider services)
    {
        foreach (var controller in Controllers)
        {
            foreach (var missing in controller.EntityTypes.Where(type => !Informers.Contains(type)))
            {
                throw new OperatorException(
                    $"The controller '{controller.Name}' needs objects of {missing.Name}: add AddInformer with the EntityType of {missing.Name}.");
            }
        }

        var known = services.GetRequiredService<IServiceProviderIsService>();
        foreach (var (type, remedy) in new (Type, string)[]
        {
            (typeof(TimeProvider), "the clock of this process"),
            (typeof(Random), "a source of randomness"),
            (typeof(Client.KubernetesConnection), "made by KubernetesConnection.Create"),
        })
        {
            if (!known.IsService(type))
            {
                throw new OperatorException($"The composition root has registered no {type.Name}: add a singleton, {remedy}.");
            }
        }
    }
}
