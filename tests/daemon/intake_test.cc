// Events over real sockets into a running daemon: what is stored, counted and answered.
#include <zlib.h>

#include <thread>

#include "harness.h"

namespace vakt::test {
namespace {

using metrics::Rejected;

std::string numbered_lines(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i)
    lines += "<13>Nov 24 12:00:00 host app: line " + std::to_string(i) + "\n";
  return lines;
}

std::string gzip(const std::string& text) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

TEST(Udp, ADatagramIsAnEvent) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  Client client(SOCK_DGRAM, harness.app->port("udp"));
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(client.send("<13>Nov 24 12:00:00 h a: one\ntwo"));
  EXPECT_TRUE(client.send("\n"));
  harness.at_rest("udp", 201);
  EXPECT_EQ(harness.committed("udp"), 200u);
}

TEST(Tcp, FramingIsTheConnectionsOwn) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  {
    Client lines(SOCK_STREAM, harness.app->port("tcp"));
    Client counted(SOCK_STREAM, harness.app->port("tcp"));
    const std::string text = numbered_lines(5'000);
    EXPECT_TRUE(lines.send(text.substr(0, 1'000)));
    EXPECT_TRUE(counted.send("7 <13>a\nb"));
    EXPECT_TRUE(counted.send("6 <13>ab"));
    EXPECT_TRUE(lines.send(text.substr(1'000)));
    EXPECT_TRUE(lines.send("<13>without an end"));
  }
  harness.at_rest("tcp", 5'003);
  EXPECT_EQ(harness.committed("tcp"), 5'003u);
  EXPECT_TRUE(
      eventually([&] { return metrics::get(harness.app->listener("tcp").connections) == 0; }));
}

TEST(Tcp, ABrokenCountClosesTheConnection) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  Client client(SOCK_STREAM, harness.app->port("tcp"));
  EXPECT_TRUE(client.send("6 <13>abx"));
  client.wait_for_end();
  harness.at_rest("tcp", 2);
  EXPECT_EQ(harness.committed("tcp"), 1u);
  EXPECT_EQ(harness.rejected("tcp", Rejected::bad_frame), 1u);
}

TEST(Identity, HoldsAfterGarbage) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  std::uint32_t seed = 7;
  std::uint64_t datagrams = 0;
  Client udp(SOCK_DGRAM, harness.app->port("udp"));
  for (int round = 0; round < 50; ++round) {
    std::string garbage;
    for (int i = 0; i < 2'000; ++i) {
      seed = seed * 1664525 + 1013904223;
      garbage += static_cast<char>(seed >> 24);
    }
    Client tcp(SOCK_STREAM, harness.app->port("tcp"));
    tcp.send((round % 2 == 0 ? "" : "12 <") + garbage);
    datagrams += udp.send(garbage);
    ask(harness.app->api_port(), {"POST", "/api/v1/events", {}, garbage});
    ask(harness.app->port("web"),
        {"POST", "/api/v1/events", {{"Content-Encoding", "gzip"}}, garbage});
  }
  EXPECT_TRUE(eventually([&] {
    const auto& c = harness.app->listener("tcp");
    return metrics::get(c.connections) == 0 && metrics::get(c.in_flight) == 0;
  }));
  harness.at_rest("udp", datagrams);
  harness.at_rest("tcp", metrics::get(harness.app->listener("tcp").received));
  harness.at_rest("http", metrics::get(harness.app->listener("http").received));
  harness.at_rest("web", 50);
  EXPECT_EQ(harness.rejected("web", Rejected::bad_gzip), 50u);
  EXPECT_GT(harness.committed("tcp"), 0u);
}

TEST(HttpEvents, AnswersAfterTheCommit) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  const HttpAnswer answer =
      ask(harness.app->port("web"),
          {"POST", "/api/v1/events", {}, "{\"message\":\"a\"}\n\n{\"b\":1}\nnot json\n"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            "{\"accepted\":2,\"malformed\":1,\"first_errors\":[{\"line\":4,"
            "\"error\":\"not a record in the expected format\"}]}\n");
  // The answer is of the committer's thread, so the figures are there already.
  EXPECT_EQ(harness.committed("web"), 3u);
  EXPECT_EQ(metrics::get(harness.app->listener("web").unparsed), 1u);
  harness.at_rest("web", 4);
}

TEST(HttpEvents, Answers) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  const std::string bomb = gzip(std::string(8 << 20, '0'));
  const std::string packed = gzip("{\"a\":1}\n{\"a\":2}\n");
  struct Row {
    const char* name;
    HttpRequest request;
    int status;
    std::string_view body;  // part of it
  };
  const Row rows[] = {
      {"empty", {"POST", "/api/v1/events", {}, ""}, 200, "{\"accepted\":0,\"malformed\":0"},
      {"gzip",
       {"POST", "/api/v1/events", {{"Content-Encoding", "gzip"}}, packed},
       200,
       "{\"accepted\":2,\"malformed\":0"},
      {"broken gzip",
       {"POST", "/api/v1/events", {{"Content-Encoding", "gzip"}}, packed.substr(0, 20)},
       400,
       "bad_gzip"},
      {"bomb",
       {"POST", "/api/v1/events", {{"Content-Encoding", "gzip"}}, bomb},
       413,
       "body_too_large"},
      {"unknown encoding",
       {"POST", "/api/v1/events", {{"Content-Encoding", "br"}}, "x"},
       415,
       "unknown_encoding"},
      {"strict",
       {"POST", "/api/v1/events?strict=1", {}, "{\"a\":1}\n{\"a\":\n"},
       400,
       "1 of 2 lines cannot be read, the first is line 2; nothing was stored"},
      {"strict and good",
       {"POST", "/api/v1/events?strict=1", {}, "{\"a\":1}\n{\"a\":2}\n"},
       200,
       "{\"accepted\":2"},
      {"bad key", {"POST", "/api/v1/events", {{"Idempotency-Key", "a b"}}, "{}"}, 400, "bad_key"},
      {"long key",
       {"POST", "/api/v1/events", {{"Idempotency-Key", std::string(129, 'k')}}, "{}"},
       400,
       "bad_key"},
      {"wrong token",
       {"POST", "/api/v1/events", {{"Authorization", "Bearer x"}}, "{}"},
       401,
       "unauthorised"},
      {"GET", {"GET", "/api/v1/events", {}, ""}, 405, "method_not_allowed"},
      {"large",
       {"POST", "/api/v1/events", {}, std::string((20 << 20) + 1, 'x')},
       413,
       "body_too_large"},
      {"large with a key",
       {"POST", "/api/v1/events", {{"Idempotency-Key", "k"}}, std::string((8 << 20) + 1, 'x')},
       413,
       "at most 8 MiB"},
  };
  for (const Row& row : rows) {
    const HttpAnswer answer = ask(harness.app->port("web"), row.request);
    EXPECT_EQ(answer.status, row.status) << row.name << ": " << answer.body;
    EXPECT_NE(answer.body.find(row.body), std::string::npos) << row.name << ": " << answer.body;
  }
  harness.at_rest("web", 4 + 9);
  EXPECT_EQ(harness.committed("web"), 4u);
  EXPECT_EQ(harness.rejected("web", Rejected::oversize), 3u);
  EXPECT_EQ(harness.rejected("web", Rejected::bad_gzip), 2u);
  EXPECT_EQ(harness.rejected("web", Rejected::bad_frame), 3u);
  EXPECT_EQ(harness.rejected("web", Rejected::auth), 1u);
}

TEST(HttpEvents, ARetryGetsTheFirstAnswer) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  const HttpRequest first{
      "POST", "/api/v1/events", {{"Idempotency-Key", "k-1"}}, "{\"a\":1}\n\nbroken\n"};
  HttpRequest other = first;
  other.body = "{\"a\":2}\n";
  const HttpAnswer one = ask(harness.app->port("web"), first);
  const HttpAnswer two = ask(harness.app->port("web"), first);
  const HttpAnswer three = ask(harness.app->port("web"), other);
  EXPECT_EQ(one.status, 200);
  EXPECT_FALSE(one.has("Idempotency-Replayed"));
  EXPECT_EQ(two.status, 200);
  EXPECT_TRUE(two.has("Idempotency-Replayed: true")) << two.head;
  EXPECT_EQ(one.body, two.body);
  EXPECT_EQ(three.status, 422);
  harness.at_rest("web", 3 + 3 + 1);
  EXPECT_EQ(harness.committed("web"), 2u);
  EXPECT_EQ(metrics::get(harness.app->listener("web").deduplicated), 2u);
  // And across a restart.
  EXPECT_TRUE(harness.app->stop());
  harness.app.reset();
  ASSERT_NO_FATAL_FAILURE(harness.start());
  const HttpAnswer four = ask(harness.app->port("web"), first);
  EXPECT_EQ(four.status, 200);
  EXPECT_TRUE(four.has("Idempotency-Replayed: true"));
  EXPECT_EQ(harness.committed("web"), 0u);
}

TEST(HttpEvents, ConcurrentRetriesAreOne) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  std::string body;
  for (int i = 0; i < 2'000; ++i) body += "{\"a\":" + std::to_string(i) + "}\n";
  const HttpRequest request{"POST", "/api/v1/events", {{"Idempotency-Key", "same"}}, body};
  std::vector<HttpAnswer> answers(8);
  std::vector<std::thread> clients;
  for (HttpAnswer& answer : answers)
    clients.emplace_back(
        [&answer, &request, port = harness.app->port("web")] { answer = ask(port, request); });
  for (std::thread& client : clients) client.join();
  int replayed = 0;
  for (const HttpAnswer& answer : answers) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body, answers[0].body);
    replayed += answer.has("Idempotency-Replayed");
  }
  EXPECT_EQ(replayed, 7);
  harness.at_rest("web", 8 * 2'000);
  EXPECT_EQ(harness.committed("web"), 2'000u);
}

TEST(HttpEvents, RequestsOfOneConnectionKeepTheirOrder) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  Client client(SOCK_STREAM, harness.app->port("web"));
  std::string all;
  for (int i = 0; i < 20; ++i)
    all += to_text({"POST", "/api/v1/events", {}, "{\"n\":" + std::to_string(i) + "}\n"});
  EXPECT_TRUE(client.send(all));
  harness.at_rest("web", 20);
  EXPECT_EQ(harness.committed("web"), 20u);
  EXPECT_TRUE(harness.app->stop());
  harness.app.reset();
  store::Options options;
  options.path = harness.config().data_dir + "/store";
  const auto store = store::Store::open(options);
  ASSERT_TRUE(store) << store.error().message;
  int next = 0;
  const auto read = (*store)->events(0, [&](const store::StoredEvent& event) {
    EXPECT_EQ(event.raw, "{\"n\":" + std::to_string(next++) + "}");
    return true;
  });
  EXPECT_TRUE(read) << read.error().message;
  EXPECT_EQ(next, 20);
}

}  // namespace
}  // namespace vakt::test
