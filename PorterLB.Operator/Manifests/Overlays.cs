using PorterLB.Operator.Access;

namespace PorterLB.Operator.Manifests;

/// <summary>Variants of <c>config/default</c>. They use directories, components and patches: kubectl 1.21 and later.</summary>
internal static class Overlays
{
    /// <summary>For servers that know CEL rules in CustomResourceDefinitions.</summary>
    public const string Kubernetes125 =
        """
        # For Kubernetes 1.25 and later, with kubectl 1.21 or later: config/default and the CEL rules.
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
        - ../../default
        components:
        - ../../components/cel

        """;

    private const string Certificate = "porterlb-webhook-cert-manager";
    private const string Folder = "/var/run/certificates";

    public const string CertManagerCertificate =
        $"""
        apiVersion: cert-manager.io/v1
        kind: Issuer
        metadata:
          name: {Names.Webhook}
          namespace: {Names.Namespace}
        spec:
          selfSigned: {EmptyObject}
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata:
          name: {Names.Webhook}
          namespace: {Names.Namespace}
        spec:
          # Not the Secret that the manager would make by itself.
          secretName: {Certificate}
          dnsNames:
          - {Names.Webhook}.{Names.Namespace}.svc
          - {Names.Webhook}.{Names.Namespace}.svc.cluster.local
          privateKey:
            algorithm: ECDSA
            size: 256
            rotationPolicy: Always
          issuerRef:
            name: {Names.Webhook}

        """;

    public const string CertManager =
        $"""
        # config/default with certificates of cert-manager (installed before), with kubectl 1.21 or later.
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
        - ../../default
        - certificate.yaml
        patches:
        - target:
            kind: ValidatingWebhookConfiguration
            name: {Names.WebhookConfiguration}
          patch: |
            - op: add
              path: /metadata/annotations
              value:
                cert-manager.io/inject-ca-from: {Names.Namespace}/{Names.Webhook}
        - target:
            kind: Deployment
            name: {Names.Manager}
          patch: |
            - op: add
              path: /spec/template/spec/containers/0/args/-
              value: --cert-dir={Folder}
            - op: add
              path: /spec/template/spec/containers/0/volumeMounts
              value:
              - name: certificates
                mountPath: {Folder}
                readOnly: true
            - op: add
              path: /spec/template/spec/volumes
              value:
              - name: certificates
                secret:
                  secretName: {Certificate}

        """;

    // Braces are the interpolation's in the texts above.
    private const string EmptyObject = "{}";
}
