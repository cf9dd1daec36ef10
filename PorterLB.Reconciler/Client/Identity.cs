using System.Net.Http.Headers;
using k8s.KubeConfigModels;
using YamlDotNet.RepresentationModel;

namespace PorterLB.Reconciler.Client;

/// <summary>
/// What a kubeconfig says about its user that the library does not do: a token in a file, which is replaced while we run, and acting as
/// somebody else.
/// </summary>
/// <param name="TokenFile">Read for each request; null = the library's credentials do. </param>
/// <param name="As">Headers that name somebody else.</param>
internal sealed record Identity(string? TokenFile, IReadOnlyList<(string Name, string Value)> As)
{
    public static readonly Identity OfItself = new(TokenFile: null, []);

    /// <param name="kubeconfig">The file: relative paths in it begin in its folder.</param>
    /// <param name="user">One of its users.</param>
    /// <param name="credentials">What the library read of that user.</param>
    public static Identity Of(FileInfo kubeconfig, string user, UserCredentials? credentials)
    {
        if (credentials is null)
        {
            return OfItself;
        }

        var tokenFile = TokenFileOf(kubeconfig, user);
        var headers = new List<(string, string)>();
        if (!string.IsNullOrEmpty(credentials.Impersonate))
        {
            headers.Add(("Impersonate-User", credentials.Impersonate));
        }

        headers.AddRange((credentials.ImpersonateGroups ?? []).Select(group => ("Impersonate-Group", group)));
        foreach (var (key, value) in credentials.ImpersonateUserExtra ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            // Not every key can stand in the name of a header.
            headers.Add(($"Impersonate-Extra-{Uri.EscapeDataString(key)}", value));
        }

        return new Identity(tokenFile is null ? null : Path.Combine(kubeconfig.DirectoryName ?? "", tokenFile), headers);
    }

    /// <exception cref="HttpRequestException">The token cannot be read.</exception>
    public void Authenticate(HttpRequestMessage request)
    {
        if (TokenFile is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ReadToken());
        }

        foreach (var (name, value) in As)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    public string ReadToken()
    {
        try
        {
            return File.ReadAllText(TokenFile!).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new HttpRequestException($"The token file '{TokenFile}' of the kubeconfig cannot be read: {exception.Message}", exception);
        }
    }

    // The library's model of a user has no such member. (A kubeconfig in JSON is YAML as well.)
    private static string? TokenFileOf(FileInfo kubeconfig, string user)
    {
        using var text = kubeconfig.OpenText();
        var yaml = new YamlStream();
        yaml.Load(text);
        var users = yaml.Documents.Count > 0 ? Child(yaml.Documents[0].RootNode, "users") as YamlSequenceNode : null;
        var named = users?.Children.FirstOrDefault(node => (Child(node, "name") as YamlScalarNode)?.Value == user);
        return (Child(Child(named, "user"), "tokenFile") as YamlScalarNode)?.Value is { Length: > 0 } file ? file : null;
    }

    private static YamlNode? Child(YamlNode? node, string name) =>
        node is YamlMappingNode mapping && mapping.Children.TryGetValue(new YamlScalarNode(name), out var child) ? child : null;
}
