#include "store/accept_notes.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.hpp"

namespace offhook::store {
namespace {

namespace json = boost::json;

struct NotedField {
  const char* name;
  std::string NewCall::*field;
};
constexpr std::array noted_fields{NotedField{"call_id", &NewCall::call_id},
                                  NotedField{"api", &NewCall::api},
                                  NotedField{"webhook_id", &NewCall::webhook_id},
                                  NotedField{"sip_call_id", &NewCall::sip_call_id},
                                  NotedField{"agent", &NewCall::agent},
                                  NotedField{"model", &NewCall::model},
                                  NotedField{"caller", &NewCall::caller},
                                  NotedField{"called", &NewCall::called},
                                  NotedField{"detail", &NewCall::detail}};

std::string read_whole(int file) {
  std::string text;
  std::array<char, 65'536> part{};
  for (;;) {
    const ssize_t size = ::read(file, part.data(), part.size());
    if (size <= 0) {
      return text;
    }
    text.append(part.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

Result<AcceptNotes> AcceptNotes::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) {
    return fail(Errc::invalid_argument,
                path + ": the journal's notes cannot be opened: " + std::strerror(errno));
  }
  AcceptNotes notes{file};
  notes.read_left();
  return notes;
}

AcceptNotes::~AcceptNotes() {
  if (file_ >= 0) {
    ::close(file_);
  }
}

void AcceptNotes::read_left() {
  const std::string text = read_whole(file_);
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos;
       at = end + 1) {
    const auto line = parse_json(std::string_view{text}.substr(at, end - at));
    if (!line) {
      continue;  // the disk was full, and the call went on without its note
    }
    NewCall call;
    for (const NotedField& one : noted_fields) {
      call.*one.field = json_string(*line, one.name);
    }
    if (!call.call_id.empty() && noted_.insert(call.call_id).second) {
      left_.push_back(std::move(call));
    }
  }
}

void AcceptNotes::add(const NewCall& call) {
  json::object line;
  for (const NotedField& one : noted_fields) {
    line[one.name] = call.*one.field;
  }
  const std::string text = json::serialize(line) + "\n";
  noted_.insert(call.call_id);
  static_cast<void>(!::write(file_, text.data(), text.size()));
}

void AcceptNotes::remove(const std::string& call_id) {
  if (noted_.erase(call_id) > 0 && noted_.empty()) {
    static_cast<void>(!::ftruncate(file_, 0));
  }
}

}  // namespace offhook::store
