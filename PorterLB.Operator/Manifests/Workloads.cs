using PorterLB.Operator.Access;

namespace PorterLB.Operator.Manifests;

/// <summary>The objects that run the two programs.</summary>
internal static class Workloads
{
    /// <summary>Pod Security must allow the speaker the host's network and NET_RAW.</summary>
    public const string Namespace =
        $"""
        apiVersion: v1
        kind: Namespace
        metadata:
          name: {Names.Namespace}
          labels:
            app.kubernetes.io/name: {Names.Product}
            pod-security.kubernetes.io/audit: privileged
            pod-security.kubernetes.io/enforce: privileged
            pod-security.kubernetes.io/warn: privileged

        """;

    public static readonly string WebhookService =
        $"""
        apiVersion: v1
        kind: Service
        metadata:
          name: {Names.Webhook}
          namespace: {Names.Namespace}
          labels:
            app.kubernetes.io/name: {Names.Product}
            app.kubernetes.io/component: manager
        spec:
          selector:
            app.kubernetes.io/name: {Names.Product}
            app.kubernetes.io/component: manager
          ports:
          - name: webhook
            port: 443
            protocol: TCP
            targetPort: webhook

        """;

    public static readonly string Manager =
        $"""
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: {Names.Manager}
          namespace: {Names.Namespace}
          labels:
            app.kubernetes.io/name: {Names.Product}
            app.kubernetes.io/component: manager
        spec:
          # One reconciles; both answer the webhooks.
          replicas: 2
          selector:
            matchLabels:
              app.kubernetes.io/name: {Names.Product}
              app.kubernetes.io/component: manager
          template:
            metadata:
              labels:
                app.kubernetes.io/name: {Names.Product}
                app.kubernetes.io/component: manager
            spec:
              serviceAccountName: {Names.Manager}
              priorityClassName: system-cluster-critical
              # Longer than the 25 s in which a manager stops in order and gives its lease back.
              terminationGracePeriodSeconds: 30
              securityContext:
                runAsNonRoot: true
                runAsUser: 65532
                runAsGroup: 65532
                seccompProfile:
                  type: RuntimeDefault
              affinity:
                podAntiAffinity:
                  preferredDuringSchedulingIgnoredDuringExecution:
                  - weight: 100
                    podAffinityTerm:
                      topologyKey: kubernetes.io/hostname
                      labelSelector:
                        matchLabels:
                          app.kubernetes.io/name: {Names.Product}
                          app.kubernetes.io/component: manager
              tolerations:
              - key: node-role.kubernetes.io/control-plane
                operator: Exists
                effect: NoSchedule
              - key: node-role.kubernetes.io/master
                operator: Exists
                effect: NoSchedule
              containers:
              - name: manager
                image: {Names.Image}
                imagePullPolicy: IfNotPresent
                args:
                - manager
                env:
                - name: POD_NAMESPACE
                  valueFrom:
                    fieldRef:
                      fieldPath: metadata.namespace
                ports:
                - name: webhook
                  containerPort: {Names.WebhookPort}
                  protocol: TCP
                - name: metrics
                  containerPort: {Names.ManagerMetricsPort}
                  protocol: TCP
                - name: health
                  containerPort: {Names.ManagerHealthPort}
                  protocol: TCP
                readinessProbe:
                  httpGet:
                    path: /readyz
                    port: health
                  periodSeconds: 2
                  timeoutSeconds: 2
                livenessProbe:
                  httpGet:
                    path: /healthz
                    port: health
                  initialDelaySeconds: 10
                  periodSeconds: 10
                  timeoutSeconds: 5
                resources:
                  requests:
                    cpu: 20m
                    memory: 48Mi
                securityContext:
                  allowPrivilegeEscalation: false
                  readOnlyRootFilesystem: true
                  capabilities:
                    drop:
                    - ALL

        """;

    public static readonly string Speaker =
        $"""
        apiVersion: apps/v1
        kind: DaemonSet
        metadata:
          name: {Names.Speaker}
          namespace: {Names.Namespace}
          labels:
            app.kubernetes.io/name: {Names.Product}
            app.kubernetes.io/component: speaker
        spec:
          selector:
            matchLabels:
              app.kubernetes.io/name: {Names.Product}
              app.kubernetes.io/component: speaker
          # The next one stops only when the last one has listened and can take addresses again.
          minReadySeconds: 2
          updateStrategy:
            type: RollingUpdate
            rollingUpdate:
              maxUnavailable: 1
          template:
            metadata:
              labels:
                app.kubernetes.io/name: {Names.Product}
                app.kubernetes.io/component: speaker
            spec:
              serviceAccountName: {Names.Speaker}
              priorityClassName: system-node-critical
              hostNetwork: true
              # A speaker hands its addresses over in at most 2 s.
              terminationGracePeriodSeconds: 10
              securityContext:
                seccompProfile:
                  type: RuntimeDefault
              tolerations:
              - operator: Exists
              containers:
              - name: speaker
                image: {Names.Image}
                imagePullPolicy: IfNotPresent
                args:
                - speaker
                env:
                - name: NODE_NAME
                  valueFrom:
                    fieldRef:
                      fieldPath: spec.nodeName
                - name: POD_NAMESPACE
                  valueFrom:
                    fieldRef:
                      fieldPath: metadata.namespace
                ports:
                - name: metrics
                  containerPort: {Names.SpeakerMetricsPort}
                  hostPort: {Names.SpeakerMetricsPort}
                  protocol: TCP
                readinessProbe:
                  httpGet:
                    host: 127.0.0.1
                    path: /readyz
                    port: {Names.SpeakerHealthPort}
                  periodSeconds: 2
                  timeoutSeconds: 2
                livenessProbe:
                  httpGet:
                    host: 127.0.0.1
                    path: /healthz
                    port: {Names.SpeakerHealthPort}
                  initialDelaySeconds: 10
                  periodSeconds: 10
                  timeoutSeconds: 5
                # No CPU limit: a throttled speaker is silent on the wire, and its addresses move. The request is what it gets on a busy node:
                # it needs little, but within a tenth of a second.
                resources:
                  requests:
                    cpu: 100m
                    memory: 32Mi
                # Root only because Kubernetes gives no ambient capabilities; of all root's powers it keeps raw sockets.
                securityContext:
                  runAsUser: 0
                  allowPrivilegeEscalation: false
                  readOnlyRootFilesystem: true
                  capabilities:
                    drop:
                    - ALL
                    add:
                    - NET_RAW
                volumeMounts:
                - name: state
                  mountPath: {Names.StateFolder}
              volumes:
              # Memory: the key of the hellos is kept here, and is not to reach a disk.
              - name: state
                emptyDir:
                  medium: Memory

        """;

}
