#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace offhook::conformance {

/// What a case asked the sim to do wrong: only there it is no finding.
struct Faults {
  bool extra_fields = false;
  bool unknown_events = false;
};

/// The bodies that OpenAI's SDK declares, as `describe_types.mjs` wrote them down.
class TypeBook {
 public:
  /// @param description  JSON of that script.
  explicit TypeBook(boost::json::value description)
      : book_(std::move(description)) {}  // braces would make a list of it
  /// The committed description; read once.
  [[nodiscard]] static const TypeBook& committed();

  /// What in `value` is not as declared: fields that are missing, unknown or of another type, each
  /// as "where: what". Empty: it conforms. Documented departures (departures.hpp) are no findings.
  /// @param body  "realtime server event" and so on: a key of `bodies`.
  [[nodiscard]] std::vector<std::string> mismatches(const boost::json::value& value,
                                                    std::string_view body,
                                                    Faults faults = {}) const;

 private:
  boost::json::value book_;
};

/// Fails the running test case for every mismatch.
void check_body(const boost::json::value& value, std::string_view body, Faults faults = {});
/// Holds an error body of the REST API against the documented envelope, which has no declared type.
void check_error(const boost::json::value& body);
/// The same for a webhook: its type chooses the body. Types that no call has are left alone.
void check_webhook(const boost::json::value& event, Faults faults = {});

}  // namespace offhook::conformance
