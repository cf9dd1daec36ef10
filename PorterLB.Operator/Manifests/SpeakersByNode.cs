using PorterLB.Operator.Access;

namespace PorterLB.Operator.Manifests;

/// <summary>
/// What RBAC cannot say: all speakers are one ServiceAccount, so each may write what is another's, and the manager's Lease. From
/// Kubernetes 1.30 on a Pod's token names its node, and a policy can hold a speaker to what is its own.
/// </summary>
internal static class SpeakersByNode
{
    public const string Component =
        """
        # For Kubernetes 1.30 and later: a speaker writes its own Lease and its own Speaker object, and no other.
        apiVersion: kustomize.config.k8s.io/v1alpha1
        kind: Component
        resources:
        - policy.yaml

        """;

    public const string Overlay =
        """
        # For Kubernetes 1.30 and later, with kubectl 1.21 or later: config/default, the CEL rules, and speakers held to their own node.
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
        - ../../default
        components:
        - ../../components/cel
        - ../../components/speakers-by-node

        """;

    public const string Policies =
        $"""
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicy
        metadata:
          name: {Names.SpeakersByNode}
        spec:
          failurePolicy: Fail
          matchConstraints:
            resourceRules:
            - apiGroups: ["coordination.k8s.io"]
              apiVersions: ["*"]
              operations: [CREATE, UPDATE]
              resources: [leases]
            - apiGroups: ["network.kubesphere.io"]
              apiVersions: ["*"]
              operations: [CREATE, UPDATE]
              resources: [speakers, speakers/status]
          matchConditions:
          - name: is-a-speaker
            expression: request.userInfo.username == 'system:serviceaccount:{Names.Namespace}:{Names.Speaker}'
          variables:
          - name: node
            expression: >-
              has(request.userInfo.extra) && 'authentication.kubernetes.io/node-name' in request.userInfo.extra
              ? request.userInfo.extra['authentication.kubernetes.io/node-name'][0] : ''
          - name: own
            expression: "(request.resource.resource == 'leases' ? '{Names.Product}-' : '') + variables.node"
          validations:
          - expression: variables.node != '' && object.metadata.name == variables.own
            messageExpression: >-
              variables.node == '' ? 'the token of this speaker names no node, as before Kubernetes 1.30: leave this policy out'
              : 'the speaker of node ' + variables.node + ' may write ' + request.resource.resource + ' of the name '
              + variables.own + ' alone, and not ' + object.metadata.name
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicyBinding
        metadata:
          name: {Names.SpeakersByNode}
        spec:
          policyName: {Names.SpeakersByNode}
          validationActions: [Deny]

        """;
}
