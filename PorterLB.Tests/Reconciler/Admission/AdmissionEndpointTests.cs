using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Reconciler.Admission;
using Prometheus;

namespace PorterLB.Tests.Reconciler.Admission;

public sealed class AdmissionEndpointTests
{
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly AdmissionEndpoint _endpoint;

    public AdmissionEndpointTests() => _endpoint = new(
        new AdmissionReviewer<Thing>(Admission.Thing.Type, new ThingWebhook()),
        new AdmissionMetrics(_registry),
        new FakeTimeProvider(),
        NullLogger<AdmissionEndpoint>.Instance);

    [Fact]
    public void The_path_is_controller_runtimes() => Assert.Equal("/validate-example-com-v1-thing", _endpoint.Path);

    [Theory]
    [InlineData(true, "only a rehearsal")]
    [InlineData(false, "for real")]
    public async Task What_is_allowed_may_carry_warnings_and_knows_of_a_dry_run(bool dryRun, string warning)
    {
        var response = await AskAsync(Review("CREATE", Thing(7), dryRun: dryRun));
        Assert.True(response["allowed"]!.GetValue<bool>());
        Assert.Equal("42", response["uid"]!.GetValue<string>());
        Assert.Equal(warning, response["warnings"]![0]!.GetValue<string>());
        Assert.Null(response["status"]);
    }

    [Fact]
    public async Task All_errors_come_back_at_once_each_with_its_field()
    {
        var response = await AskAsync(Review("CREATE", Thing(-1)));
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse(
                """
                {"uid": "42", "allowed": false, "warnings": ["and it is Monday"],
                 "status": {"status": "Failure", "code": 422, "reason": "Invalid", "message": "spec.size: must not be negative; spec: is odd",
                            "details": {"name": "a", "group": "example.com", "kind": "Thing",
                                        "causes": [{"field": "spec.size", "message": "must not be negative", "reason": "FieldValueInvalid"},
                                                   {"field": "spec", "message": "is odd", "reason": "FieldValueInvalid"}]}}}
                """),
            response), response.ToJsonString());
    }

    [Theory]
    [InlineData(1, 403, "one is too few")]
    [InlineData(2, 418, "teapots only")]
    public async Task A_refusal_in_words_has_its_status(int size, int code, string message)
    {
        var status = (await AskAsync(Review("CREATE", Thing(size))))["status"]!;
        Assert.Equal((code, message), (status["code"]!.GetValue<int>(), status["message"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Old_and_new_are_compared_on_update_and_the_old_one_is_asked_about_on_delete()
    {
        Assert.Equal("it shrinks from 9 to 8", (await AskAsync(Review("UPDATE", Thing(8), Thing(9))))["status"]!["message"]!.GetValue<string>());
        Assert.True((await AskAsync(Review("UPDATE", Thing(9), Thing(8))))["allowed"]!.GetValue<bool>());
        Assert.Equal("a is needed", (await AskAsync(Review("DELETE", null, Thing(8))))["status"]!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task An_object_on_its_way_out_may_lose_its_finalizer_whatever_its_spec_says()
    {
        var leaving = Thing(8);
        leaving["metadata"]!["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        Assert.True((await AskAsync(Review("UPDATE", leaving, Thing(9))))["allowed"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_subresource_is_not_checked()
    {
        var review = Review("UPDATE", Thing(8), Thing(9));
        review["request"]!["subResource"] = "status";
        Assert.True((await AskAsync(review))["allowed"]!.GetValue<bool>());
    }

    [Fact]
    public async Task What_cannot_be_read_is_refused_with_its_field()
    {
        var thing = Thing(7);
        thing["spec"]!["after"] = "soon";
        var cause = (await AskAsync(Review("CREATE", thing)))["status"]!["details"]!["causes"]![0]!;
        Assert.Equal("spec.after", cause["field"]!.GetValue<string>());
        Assert.Contains("'soon' is not a duration", cause["message"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("", "the body is no AdmissionReview")]
    [InlineData("[]", "the body is no AdmissionReview")]
    [InlineData("null", "not an AdmissionReview")]
    [InlineData("{}", "not an AdmissionReview")]
    [InlineData("""{"kind": "Pod", "apiVersion": "v1"}""", "the body is a 'Pod'")]
    [InlineData("""{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1beta1"}""", "version 'admission.k8s.io/v1beta1'")]
    [InlineData("""{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}""", "no request with a uid")]
    [InlineData("""{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "1", "operation": "CREATE"}}""", "request.object is missing")]
    [InlineData("""{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "1", "operation": "DANCE"}}""", "request.operation is 'DANCE'")]
    [InlineData("""{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "1", "operation": "CREATE", "kind": {"kind": "Pod"}}}""", "kind Thing, not Pod")]
    public async Task A_malformed_review_is_answered_with_400_and_counted(string body, string reason)
    {
        var (code, text) = await PostAsync(Encoding.UTF8.GetBytes(body));
        Assert.Equal(400, code);
        Assert.Contains(reason, text);
        Assert.Equal(1, await CountAsync(400));
    }

    [Fact]
    public async Task Another_content_type_is_malformed()
    {
        var (code, text) = await PostAsync("{}"u8.ToArray(), "text/plain");
        Assert.Equal(400, code);
        Assert.Contains("text/plain", text);
    }

    [Fact]
    public async Task A_webhook_that_throws_is_a_500_so_that_the_failurePolicy_decides()
    {
        var (code, text) = await PostAsync(Encoding.UTF8.GetBytes(Review("CREATE", Thing(3)).ToJsonString()));
        Assert.Equal(500, code);
        Assert.DoesNotContain("bug", text);
        Assert.Equal(1, await CountAsync(500));
    }

    private static JsonObject Thing(int size) => new()
    {
        ["apiVersion"] = "example.com/v1",
        ["kind"] = "Thing",
        ["metadata"] = new JsonObject { ["name"] = "a", ["namespace"] = "b" },
        ["spec"] = new JsonObject { ["size"] = size, ["after"] = "1s" },
    };

    private static JsonObject Review(string operation, JsonObject? now, JsonObject? before = null, bool? dryRun = null) => new()
    {
        ["apiVersion"] = "admission.k8s.io/v1",
        ["kind"] = "AdmissionReview",
        ["request"] = new JsonObject
        {
            ["uid"] = "42",
            ["kind"] = new JsonObject { ["group"] = "example.com", ["version"] = "v1", ["kind"] = "Thing" },
            ["name"] = "a",
            ["namespace"] = "b",
            ["operation"] = operation,
            ["object"] = now,
            ["oldObject"] = before,
            ["dryRun"] = dryRun,
            ["userInfo"] = new JsonObject { ["username"] = "somebody" },
        },
    };

    private async Task<JsonObject> AskAsync(JsonObject review)
    {
        var (code, text) = await PostAsync(Encoding.UTF8.GetBytes(review.ToJsonString()));
        Assert.Equal(200, code);
        var answer = JsonNode.Parse(text)!;
        Assert.Equal("admission.k8s.io/v1", answer["apiVersion"]!.GetValue<string>());
        Assert.Equal("AdmissionReview", answer["kind"]!.GetValue<string>());
        return (JsonObject)answer["response"]!;
    }

    private async Task<(int Code, string Body)> PostAsync(byte[] body, string contentType = "application/json")
    {
        using var answer = new MemoryStream();
        var context = new DefaultHttpContext
        {
            Request = { Method = "POST", ContentType = contentType, Body = new MemoryStream(body) },
            Response = { Body = answer },
        };
        await _endpoint.HandleAsync(context);
        return (context.Response.StatusCode, Encoding.UTF8.GetString(answer.ToArray()));
    }

    private async Task<double> CountAsync(int code)
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text, TestContext.Current.CancellationToken);
        var line = Encoding.UTF8.GetString(text.ToArray()).Split('\n')
            .Single(found => found.StartsWith($"controller_runtime_webhook_requests_total{{webhook=\"{_endpoint.Path}\",code=\"{code}\"}}", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }
}
