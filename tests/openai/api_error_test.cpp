#include "openai/api_error.hpp"

#include <doctest/doctest.h>

using offhook::Errc;
using offhook::Secret;
using offhook::openai::api_failure;

namespace {

offhook::Error failure(int status, std::string body, offhook::net::HttpHeaders headers = {}) {
  return api_failure({status, std::move(headers), std::move(body)}, Secret{"sk-very-secret"});
}

}  // namespace

TEST_SUITE("API error") {
  TEST_CASE("quotes status, code and message") {
    const auto error =
        failure(404, R"({"error":{"message":"No session found","type":"invalid_request_error",)"
                     R"("param":null,"code":"call_id_not_found"}})");
    CHECK(error.detail == "404 call_id_not_found: No session found");
    CHECK(error.status == 404);
    CHECK(error.code == Errc::not_found);
  }

  TEST_CASE("falls back to the type when there is no code") {
    CHECK(
        failure(500, R"({"error":{"message":"Oops","type":"server_error","code":null}})").detail ==
        "500 server_error: Oops");
  }

  TEST_CASE("is the status alone when the body is no envelope") {
    for (const char* body : {"", "<html>502</html>", "[]", R"({"error":"x"})"}) {
      CHECK(failure(502, body).detail == "502");
    }
  }

  TEST_CASE("names the request, for OpenAI's support") {
    CHECK(failure(500, "", {{"X-Request-Id", "req_1"}}).detail == "500 (request req_1)");
  }

  TEST_CASE("tells a bad key, an unknown call and a refusal apart") {
    CHECK(failure(401, "").code == Errc::authentication_failed);
    CHECK(failure(403, "").code == Errc::authentication_failed);
    CHECK(failure(404, "").code == Errc::not_found);
    CHECK(failure(400, R"({"error":{"code":"call_id_not_found"}})").code == Errc::not_found);
    CHECK(failure(429, "").code == Errc::refused);
    CHECK(failure(500, "").code == Errc::refused);
  }

  TEST_CASE("never repeats the key") {
    const auto error =
        failure(401, R"({"error":{"message":"Incorrect API key: sk-very-secret, skipped",)"
                     R"("code":"sk-very-secretsk-very-secret"}})");
    CHECK(error.detail == "401 [key][key]: Incorrect API key: [key], skipped");
  }

  TEST_CASE("is one bounded line whatever the API says") {
    const std::string message = "a\\r\\nb\\u001b[31m\\u009b" + std::string(5'000, 'x');
    const auto error = failure(400, R"({"error":{"message":")" + message + R"("}})");
    CHECK(error.detail.starts_with("400: a  b [31m "));
    CHECK(error.detail.size() < 400);
    for (const char c : error.detail) {
      CHECK((static_cast<unsigned char>(c) >= 0x20 && c != '\x7f'));
    }
  }
}
