#include "sim/replay/fixture_links.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/json/value.hpp>

#include "base/json.hpp"
#include "sim/replay/likeness.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

/// A client event that nothing answered for so long will not be answered any more.
constexpr double longest_answer_ms = 10'000;
constexpr std::size_t most_open = 1'000;

std::string_view text_of(const FixtureStep& step, std::string_view path) {
  return event_text(step.event, path);
}

/// Whether a server's item is the one that a client created.
bool same_item(const FixtureStep& answer, const FixtureStep& question) {
  if (const auto id = text_of(question, "item.id"); !id.empty()) {
    return id == text_of(answer, "item.id");
  }
  for (const char* path : {"item.type", "item.role", "item.call_id"}) {
    if (text_of(answer, path) != text_of(question, path)) {
      return false;
    }
  }
  return true;
}

/// Whether a server event may be the answer to a client event.
bool may_answer(const FixtureStep& answer, const FixtureStep& question) {
  const auto type = text_of(answer, "type");
  const auto asked = text_of(question, "type");
  if (type == "session.updated") {
    return asked == "session.update";
  }
  if (type == "response.created") {
    return asked == "response.create";
  }
  if (type == "response.done") {
    return asked == "response.cancel" &&
           text_of(answer, "response.status_details.reason") == "client_cancelled";
  }
  if (type == "conversation.item.added" || type == "conversation.item.created") {
    return asked == "conversation.item.create" && same_item(answer, question);
  }
  if (type == "conversation.item.retrieved") {
    return asked == "conversation.item.retrieve" &&
           text_of(answer, "item.id") == text_of(question, "item_id");
  }
  if (type == "conversation.item.deleted" || type == "conversation.item.truncated") {
    return asked == (type == "conversation.item.deleted" ? "conversation.item.delete"
                                                         : "conversation.item.truncate") &&
           text_of(answer, "item_id") == text_of(question, "item_id");
  }
  return (type == "input_audio_buffer.committed" && asked == "input_audio_buffer.commit") ||
         (type == "input_audio_buffer.cleared" && asked == "input_audio_buffer.clear") ||
         (type == "output_audio_buffer.cleared" && asked == "output_audio_buffer.clear");
}

/// Of a response.created: whether it carries what the client gave its response.create.
bool same_metadata(const FixtureStep& answer, const FixtureStep& question) {
  const json::value* const given = event_at(question.event, "response.metadata");
  const json::value* const shown = event_at(answer.event, "response.metadata");
  return given != nullptr && given->is_object() && shown != nullptr && *given == *shown;
}

class Linker {
 public:
  explicit Linker(std::vector<FixtureStep>& steps) : steps_{steps}, refused_(steps.size(), false) {}

  void link() {
    link_errors();
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      forget_before(steps_[i].at_ms - longest_answer_ms);
      if (!steps_[i].from_server) {
        if (!refused_[i]) {
          open_.push_back(i);
        }
      } else if (!steps_[i].answers) {
        answer(i);
      }
    }
  }

 private:
  /// First: what was refused is no cause of anything else.
  void link_errors() {
    std::unordered_map<std::string, std::size_t> by_id;
    std::unordered_map<std::string, std::size_t> last_of_type;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      FixtureStep& step = steps_[i];
      if (!step.from_server) {
        if (const auto id = text_of(step, "event_id"); !id.empty()) {
          by_id.insert_or_assign(std::string{id}, i);
        }
        last_of_type.insert_or_assign(std::string{text_of(step, "type")}, i);
      } else if (text_of(step, "type") == "error") {
        const auto named = by_id.find(std::string{text_of(step, "error.event_id")});
        const auto code = text_of(step, "error.code");
        const auto latest =
            last_of_type.find(code == "conversation_already_has_active_response" ? "response.create"
                              : code == "response_cancel_not_active"             ? "response.cancel"
                                                                                 : "none");
        if (named != by_id.end()) {
          refuse(step, named->second);
        } else if (latest != last_of_type.end() && !refused_[latest->second]) {
          refuse(step, latest->second);
        }
      }
    }
  }

  void refuse(FixtureStep& error, std::size_t question) {
    error.answers = question;
    refused_[question] = true;
  }

  void forget_before(double at_ms) {
    std::size_t old = open_.size() > most_open ? open_.size() - most_open : 0;
    while (old < open_.size() && steps_[open_[old]].at_ms < at_ms) {
      ++old;
    }
    open_.erase(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(old));
  }

  void answer(std::size_t index) {
    FixtureStep& step = steps_[index];
    auto found = std::find_if(open_.begin(), open_.end(), [&](std::size_t question) {
      return may_answer(step, steps_[question]) && same_metadata(step, steps_[question]);
    });
    if (found == open_.end()) {
      found = std::find_if(open_.begin(), open_.end(), [&](std::size_t question) {
        return may_answer(step, steps_[question]);
      });
    }
    if (found != open_.end()) {
      step.answers = *found;
      open_.erase(found);
    }
  }

  std::vector<FixtureStep>& steps_;
  std::vector<bool> refused_;
  std::vector<std::size_t> open_{};  ///< Client events that wait for their answer.
};

}  // namespace

void link_answers(std::vector<FixtureStep>& steps) { Linker{steps}.link(); }

}  // namespace offhook::sim
