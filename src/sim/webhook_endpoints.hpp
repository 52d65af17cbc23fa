#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/secret.hpp"
#include "sim/api_error.hpp"
#include "sim/ids.hpp"
#include "sim/webhook_sender.hpp"

namespace offhook::sim {

/// Where the project's events go: the endpoint of `--webhook`, which stands for one of OpenAI's
/// dashboard and gets every event, and those made by REST (docs/openai-behaviour.md 3.1). Pure;
/// times are Unix seconds. Control thread.
class WebhookEndpoints {
 public:
  explicit WebhookEndpoints(Ids ids) : ids_{std::move(ids)} {}

  /// The dashboard's endpoint. @param url  Empty: there is none.
  void configure(std::string url, Secret secret, std::int64_t now);

  // REST. Only `create` and `rotate` tell the signing secret.
  [[nodiscard]] ApiResult<boost::json::object> create(const boost::json::value& body,
                                                      std::int64_t now);
  /// A page, newest first. @param after  Id of the last one of the page before, or empty.
  [[nodiscard]] ApiResult<boost::json::object> list(const std::string& after,
                                                    const std::string& limit) const;
  [[nodiscard]] ApiResult<boost::json::object> get(const std::string& id) const;
  [[nodiscard]] ApiResult<boost::json::object> update(const std::string& id,
                                                      const boost::json::value& body,
                                                      std::int64_t now);
  [[nodiscard]] ApiResult<boost::json::object> remove(const std::string& id);
  /// A new secret; the old one goes on signing for a day when the body wants it.
  [[nodiscard]] ApiResult<boost::json::object> rotate(const std::string& id,
                                                      const boost::json::value& body,
                                                      std::int64_t now);

  /// Ids of those that want events of a type.
  [[nodiscard]] std::vector<std::string> subscribers(std::string_view type) const;
  /// Where to deliver now, and what to sign with; nothing: it was deleted.
  [[nodiscard]] std::optional<WebhookTarget> target(const std::string& id, std::int64_t now) const;
  /// All of them for people: without secrets.
  [[nodiscard]] boost::json::array describe() const;

  /// The event types that endpoints made by REST can have.
  [[nodiscard]] static boost::json::object event_types();
  /// Reads `event_type` of a test. @return 400 for one that does not exist.
  [[nodiscard]] static ApiResult<std::string> test_type(const boost::json::value& body);

 private:
  struct Endpoint {
    std::string id;
    std::string name;
    std::string url;
    std::vector<std::string> event_types;
    Secret secret;
    std::int64_t created_at = 0;
    std::optional<std::int64_t> updated_at{};
    Secret old_secret{};
    std::int64_t old_secret_until = 0;
    bool gets_everything = false;
  };

  [[nodiscard]] static boost::json::object to_json(const Endpoint& endpoint, bool with_secret);
  [[nodiscard]] static ApiResult<> apply(const boost::json::value& body, Endpoint& endpoint);
  [[nodiscard]] const Endpoint* find(const std::string& id) const;
  [[nodiscard]] Endpoint* find(const std::string& id);

  Ids ids_;
  std::vector<Endpoint> endpoints_;  ///< Oldest first.
};

}  // namespace offhook::sim
