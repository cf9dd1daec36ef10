using System.Diagnostics.CodeAnalysis;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using PorterLB.Reconciler.Admission.Certificates;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Hosting;
using PorterLB.Reconciler.Metrics;

namespace PorterLB.Reconciler.Admission;

/// <summary>Adds admission webhooks to an operator.</summary>
public static class AdmissionHosting
{
    /// <summary>Checks entities of a kind at admission, at the path that <see cref="WebhookPath"/> gives.</summary>
    /// <typeparam name="TWebhook">The check; one instance serves all requests.</typeparam>
    /// <typeparam name="TEntity">The kind.</typeparam>
    /// <param name="builder">The operator.</param>
    /// <param name="type">How the kind is read.</param>
    public static IOperatorBuilder AddValidationWebhook<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TWebhook, TEntity>(
        this IOperatorBuilder builder, EntityType<TEntity> type)
        where TWebhook : ValidationWebhook<TEntity>
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton<TWebhook>();
        builder.Services.AddSingleton<IAdmissionReviewer>(services => new AdmissionReviewer<TEntity>(type, services.GetRequiredService<TWebhook>()));
        return builder;
    }

    /// <summary>Serves the webhooks on every replica. The replica is ready when the API server trusts its certificate.</summary>
    /// <param name="builder">The operator.</param>
    /// <param name="options">Where and how; port 0 serves nothing.</param>
    public static IOperatorBuilder AddAdmissionServer(this IOperatorBuilder builder, AdmissionServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Port == 0)
            return builder;

        var services = builder.Services;
        services.AddSingleton(options);
        services.AddSingleton(provider => new AdmissionMetrics(provider.GetRequiredService<OperatorMetrics>().Registry));
        services.AddSingleton<ServingCertificate>();
        if (options.CertificateFolder is { } folder)
        {
            services.AddSingleton<ICertificateSource>(provider => ActivatorUtilities.CreateInstance<Reload>(provider, folder));
        }
        else
        {
            // The caches are only looked at for changes: what is decided is decided on a fresh read.
            builder.AddInformer(CertificateSecret.EntityType, informer =>
            {
                informer.Namespace = options.Namespace;
                informer.FieldSelector = $"metadata.name={options.SecretName}";
            });
            builder.AddInformer(WebhookConfigurationView.EntityType, informer => informer.FieldSelector = $"metadata.name={options.ConfigurationName}");
            services.AddSingleton<Trust>();
            services.AddSingleton<SelfMade>();
            services.AddSingleton<ICertificateSource>(provider =>
            {
                var selfMade = provider.GetRequiredService<SelfMade>();
                provider.GetRequiredService<Informer<CertificateSecret>>().Subscribe(_ => selfMade.Look());
                provider.GetRequiredService<Informer<WebhookConfigurationView>>().Subscribe(_ => selfMade.Look());
                return selfMade;
            });
        }

        services.AddSingleton<AdmissionServer>();
        return builder
            .AddServer<AdmissionServer>()
            .AddReadyCheck("webhooks", provider => provider.GetRequiredService<AdmissionServer>().Readiness);
    }
}
