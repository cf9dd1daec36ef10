using PorterLB.Lab.Images;
using PorterLB.Lab.Network;

namespace PorterLB.Lab.Demonstration;

/// <summary>What the demonstration applies, as a user would write it.</summary>
internal static class DemoManifests
{
    public static string Eip(Segment segment) =>
        $"""
        apiVersion: network.kubesphere.io/v1alpha2
        kind: Eip
        metadata:
          name: lan
        spec:
          addresses:
          - {segment.IPv4(100)}-{segment.IPv4(109)}
          - {segment.IPv6(100)}-{segment.IPv6(109)}
        """;

    public const string Service =
        """
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          annotations:
            lb.kubesphere.io/v1alpha1: porterlb
        spec:
          type: LoadBalancer
          ipFamilyPolicy: RequireDualStack
          selector:
            app: web
          ports:
          - {name: tcp, port: 80, targetPort: 8080, protocol: TCP}
          - {name: udp, port: 80, targetPort: 8080, protocol: UDP}
        """;

    public static string Deployment(IEnumerable<string> nodes) =>
        $$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          replicas: 2
          selector:
            matchLabels: {app: web}
          template:
            metadata:
              labels: {app: web}
            spec:
              terminationGracePeriodSeconds: 1
              affinity:
                nodeAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                    nodeSelectorTerms:
                    - matchExpressions:
                      - {key: kubernetes.io/hostname, operator: In, values: [{{string.Join(", ", nodes)}}]}
                podAntiAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                  - topologyKey: kubernetes.io/hostname
                    labelSelector:
                      matchLabels: {app: web}
              containers:
              - name: web
                image: {{LabImages.Echo}}
                imagePullPolicy: Never
        """;
}
