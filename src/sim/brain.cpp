#include "sim/brain.hpp"

#include <exception>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>

#include "base/printable.hpp"
#include "net/http_client.hpp"
#include "openai/api_error.hpp"
#include "sim/chat_answer.hpp"

namespace offhook::sim {
namespace {

namespace asio = boost::asio;

constexpr std::size_t longest_quoted_address = 200;

constexpr std::size_t longest_answer = 4U << 20U;

/// One answer while it comes. The one who asked is told by posts, for it may give up any time.
struct Listening {
  ChatAnswer answer{};
  std::function<void(Result<ReplyPart>)> tell;
  bool told = false;  ///< All of it.

  bool take(std::string_view piece) {
    std::string words = answer.feed(piece);
    if (answer.complete() && !told) {
      finish(std::move(words));
    } else if (!words.empty()) {
      tell(ReplyPart{std::move(words), {}, false});
    }
    return true;
  }

  void finish(std::string words) {
    told = true;
    auto rest = answer.finish();
    if (rest) {
      rest->words.insert(0, words);
    }
    tell(std::move(rest));
  }
};

/// What an exchange says about the answer, unless that was whole.
void conclude(Listening& listening, const Result<net::HttpResponse>& response) {
  if (listening.told) {
    return;
  }
  if (!response) {
    listening.tell(fail(response.error()));
  } else if (response->status < 200 || response->status > 299) {
    listening.tell(fail(Errc::refused,
                        "it answered " + std::to_string(response->status) + ": " + response->body,
                        response->status));
  } else {
    listening.finish({});
  }
}

asio::awaitable<void> think(BrainConfig config,
                            net::TlsContext tls,
                            boost::json::object body,
                            std::shared_ptr<Listening> listening) {
  net::HttpRequest request;
  request.method = "POST";
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Accept", "text/event-stream, application/json");
  if (!config.key.empty()) {
    request.headers.add("Authorization", "Bearer " + std::string{config.key.reveal()});
  }
  request.body = boost::json::serialize(body);
  net::HttpClientOptions options;
  options.tls = std::move(tls);
  options.timeout = config.timeout;
  options.max_body_bytes = longest_answer;
  options.on_body = [listening](std::string_view piece) { return listening->take(piece); };
  const auto response =
      co_await net::http_exchange(config.url, std::move(request), std::move(options));
  conclude(*listening, response);
}

}  // namespace

Result<net::Url> brain_url(const std::string& text) {
  auto url = net::parse_url(text);
  if (!url || !url->scheme.starts_with("http")) {
    return fail(Errc::invalid_argument,
                printable(text, longest_quoted_address) + ": must be an http or https address");
  }
  if (url->target == "/") {
    url->target = "/v1";
  }
  if (url->target.ends_with("/v1") || url->target.ends_with("/v1/")) {
    url->target += url->target.ends_with('/') ? "chat/completions" : "/chat/completions";
  }
  return url;
}

Brain::~Brain() {
  self_.reset();
  questions_.clear();
}

void Brain::ask(const std::string& id, boost::json::object request, OnPart tell) {
  request["model"] = config_.model;
  const auto signal = std::make_shared<asio::cancellation_signal>();
  const int number = ++last_;
  questions_.insert_or_assign(
      id, Question{number, PendingRequest{signal}, std::make_shared<OnPart>(std::move(tell))});
  const auto listening = std::make_shared<Listening>();
  listening->tell = [control = control_, weak = std::weak_ptr{self_}, id, number,
                     key = config_.key](Result<ReplyPart> part) {
    if (!part) {
      part.error().detail = openai::quoted(part.error().detail, key);
    }
    asio::post(control, [weak, id, number, part = std::move(part)]() mutable {
      if (const auto self = weak.lock()) {
        (*self)->on_part(id, number, std::move(part));
      }
    });
  };
  auto done = [weak = std::weak_ptr{self_}, id, number, signal,
               listening](const std::exception_ptr& failure) {
    if (const auto self = weak.lock()) {
      if (Question* const question = (*self)->find(id, number)) {
        question->request.ended();
      }
    }
    if (failure && !listening->told) {
      // A turn that nobody answers would keep every later one waiting.
      listening->tell(fail(Errc::internal, "the request broke off"));
    }
  };
  asio::co_spawn(control_, think(config_, tls_, std::move(request), listening),
                 asio::bind_cancellation_slot(signal->slot(), std::move(done)));
}

bool Brain::stop(const std::string& id) { return questions_.erase(id) > 0; }

Brain::Question* Brain::find(const std::string& id, int number) {
  const auto found = questions_.find(id);
  return found == questions_.end() || found->second.number != number ? nullptr : &found->second;
}

void Brain::on_part(const std::string& id, int number, Result<ReplyPart> part) {
  Question* const question = find(id, number);
  if (question == nullptr) {
    return;
  }
  const auto tell = question->tell;  // which may give the question up
  if (!part || part->last) {
    questions_.erase(id);
  }
  (*tell)(std::move(part));
}

}  // namespace offhook::sim
