#include "openai/api_error.hpp"

#include "base/json.hpp"
#include "base/printable.hpp"

namespace offhook::openai {
namespace {

constexpr std::size_t longest_quote = 300;

Errc decision(int status, std::string_view code) {
  if (status == 401 || status == 403) {
    return Errc::authentication_failed;
  }
  return status == 404 || code == "call_id_not_found" ? Errc::not_found : Errc::refused;
}

}  // namespace

std::string quoted(std::string_view text, const Secret& key) {
  std::string safe;
  const std::string_view hidden = key.reveal();
  for (auto at = std::string_view::npos;
       !hidden.empty() && (at = text.find(hidden)) != std::string_view::npos;) {
    safe.append(text.substr(0, at)).append("[key]");
    text.remove_prefix(at + hidden.size());
  }
  safe.append(text);
  return printable(safe, longest_quote);
}

ApiError parse_api_error(std::string_view body) {
  const auto parsed = parse_json(body);
  if (!parsed) {
    return {};
  }
  const std::string_view type = json_string(*parsed, "error.type");
  return {std::string{json_string(*parsed, "error.message")},
          std::string{json_string(*parsed, "error.code", type)}};
}

Error api_failure(const net::HttpResponse& answer, const Secret& key) {
  const ApiError said = parse_api_error(answer.body);
  std::string detail = std::to_string(answer.status);
  if (!said.code.empty()) {
    detail += " " + quoted(said.code, key);
  }
  if (!said.message.empty()) {
    detail += ": " + quoted(said.message, key);
  }
  // OpenAI's support finds a request by this id.
  if (const auto id = answer.headers.get("x-request-id"); !id.empty()) {
    detail += " (request " + quoted(id, key) + ")";
  }
  return {decision(answer.status, said.code), std::move(detail), answer.status};
}

}  // namespace offhook::openai
