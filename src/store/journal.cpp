#include "store/journal.hpp"

#include <utility>

#include <boost/json/serialize.hpp>

#include "base/timeline.hpp"
#include "store/journal_impl.hpp"
#include "store/retention.hpp"
#include "store/schema.hpp"

namespace offhook::store {

namespace asio = boost::asio;

namespace {

constexpr std::size_t write_bytes = 512;  ///< Of a queued write, without its texts.

std::int64_t system_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Journal::Impl::Impl(LockFile lock,
                    std::optional<AcceptNotes> notes,
                    Database database,
                    JournalReader reader,
                    std::int64_t run,
                    JournalOptions o)
    : lock_{std::move(lock)},
      notes_{std::move(notes)},
      options_{std::move(o)},
      run_{run},
      last_sweep_ms_{options_.now_ms()},
      queue_{std::move(database), options_.queue},
      reader_{std::move(reader)} {}

void Journal::Impl::append(std::size_t bytes, std::function<Result<>(Database&)> work) {
  queue_.push({.apply = std::move(work), .bytes = bytes + write_bytes});
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path, JournalOptions options) {
  if (!options.now_ms) {
    options.now_ms = system_ms;
  }
  auto lock = LockFile::open(path + ".lock");
  if (!lock) {
    return fail(std::move(lock).error());
  }
  auto locked = options.guest ? Result<>{} : lock->take(LockFile::owner);
  if (locked) {
    locked = lock->wait_for(LockFile::opening);  // or two of them would make the same tables
  }
  if (!locked) {
    return fail(std::move(locked).error());
  }
  auto database = open_for_writing(path);
  if (!database) {
    return fail(std::move(database).error());
  }
  const auto run = begin_run(*database, options.now_ms());
  if (!run) {
    return fail(run.error());
  }
  if (auto alive = lock->take(LockFile::of_run(*run)); !alive) {
    return fail(std::move(alive).error());
  }
  lock->give_back(LockFile::opening);
  if (!options.queue.probe) {
    options.queue.probe = write_probe;
  }
  auto reader = JournalReader::open(path);
  if (!reader) {
    return fail(std::move(reader).error());
  }
  std::optional<AcceptNotes> notes;
  if (!options.guest) {
    auto opened = AcceptNotes::open(path + ".accepting");
    if (!opened) {
      return fail(std::move(opened).error());
    }
    notes = std::move(*opened);
  }
  return std::unique_ptr<Journal>{
      new Journal{std::make_unique<Impl>(std::move(*lock), std::move(notes), std::move(*database),
                                         std::move(*reader), *run, std::move(options))}};
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Journal::~Journal() = default;

asio::awaitable<Result<OpenedCall>> Journal::open_call(NewCall call) {
  return impl_->open_call(std::move(call));
}

asio::awaitable<Result<OpenedCall>> Journal::Impl::open_call(NewCall call) {
  const std::string call_id = call.call_id;
  std::function<Result<OpenedCall>(Database&)> work = [call = std::move(call),
                                                       stamp = stamp()](Database& database) {
    return store::open_call(database, call, stamp);
  };
  auto opened = co_await durable<OpenedCall>(std::move(work));
  if (notes_) {
    notes_->remove(call_id);
  }
  co_return opened;
}

void Journal::announce(const NewCall& call) { impl_->announce(call); }
void Journal::Impl::announce(const NewCall& call) {
  if (notes_) {
    notes_->add(call);
  }
}

asio::awaitable<Result<std::vector<NewCall>>> Journal::take_announced() {
  return impl_->take_announced();
}

asio::awaitable<Result<std::vector<NewCall>>> Journal::Impl::take_announced() {
  using Calls = std::vector<NewCall>;
  Calls left = notes_ ? notes_->take_left() : Calls{};
  for (auto call = left.begin(); call != left.end();) {
    const std::function<Result<bool>(JournalReader&)> look =
        [call_id = call->call_id](JournalReader& reader) { return reader.has(call_id); };
    const auto known = co_await read<bool>(look);
    if (!known) {
      co_return fail(known.error());
    }
    if (*known) {
      notes_->remove(call->call_id);
      call = left.erase(call);
    } else {
      ++call;
    }
  }
  co_return left;
}

asio::awaitable<Result<>> Journal::name_call(std::string provisional, std::string call_id) {
  return impl_->durable<void>(
      [provisional = std::move(provisional), call_id = std::move(call_id)](Database& database) {
        return store::name_call(database, provisional, call_id);
      });
}

asio::awaitable<Result<>> Journal::end_call(CallEnding ending) {
  return impl_->durable<void>(
      [ending = std::move(ending), stamp = impl_->stamp()](Database& database) {
        return store::end_call(database, ending, stamp);
      });
}

asio::awaitable<Result<ToolClaim>> Journal::claim_tool(NewTool tool) {
  return impl_->durable<ToolClaim>(
      [tool = std::move(tool), stamp = impl_->stamp()](Database& database) {
        return store::claim_tool(database, tool, stamp);
      });
}

asio::awaitable<Result<>> Journal::finish_tool(std::string call_id,
                                               std::string function_call_id,
                                               std::string output) {
  return impl_->durable<void>(
      [call_id = std::move(call_id), function_call_id = std::move(function_call_id),
       output = std::move(output), stamp = impl_->stamp()](Database& database) {
        return store::finish_tool(database, call_id, function_call_id, output, stamp);
      });
}

asio::awaitable<Result<>> Journal::tool_sent(std::string call_id, std::string function_call_id) {
  return impl_->durable<void>([call_id = std::move(call_id),
                               function_call_id = std::move(function_call_id),
                               stamp = impl_->stamp()](Database& database) {
    return store::tool_sent(database, call_id, function_call_id, stamp);
  });
}

asio::awaitable<Result<>> Journal::flush() {
  return impl_->durable<void>([](Database&) { return Result<>{}; }, true);
}

void Journal::append_event(const std::string& call_id, Event event) {
  event.bytes = static_cast<std::int64_t>(event.json.size());
  if (event.json.size() > impl_->options().max_event_bytes) {
    event.json = {};
  }
  const std::size_t bytes = event.json.size();
  impl_->append(bytes,
                [call_id, event = std::move(event), stamp = impl_->stamp()](Database& database) {
                  return store::append_event(database, call_id, event, stamp);
                });
}

void Journal::append_transcript(const std::string& call_id, TranscriptLine line) {
  const std::size_t bytes = line.text.size();
  impl_->append(bytes,
                [call_id, line = std::move(line), stamp = impl_->stamp()](Database& database) {
                  return store::append_line(database, call_id, line, stamp);
                });
}

void Journal::append_mark(const std::string& call_id, const Mark& mark) {
  append_event(call_id, {.at_ms = mark.at_ms,
                         .direction = "mark",
                         .type = mark.source + "." + mark.name,
                         .json = boost::json::serialize(mark.detail)});
}

void Journal::update_usage(const std::string& call_id,
                           const Usage& usage,
                           std::optional<double> cost) {
  impl_->append(0, [call_id, usage, cost](Database& database) {
    return store::update_usage(database, call_id, usage, cost);
  });
}

asio::awaitable<Result<std::vector<Call>>> Journal::calls(CallFilter filter) {
  return impl_->read<std::vector<Call>>(
      [filter = std::move(filter)](JournalReader& reader) { return reader.calls(filter); });
}

asio::awaitable<Result<CallStory>> Journal::call(std::string call_id, std::size_t max_events) {
  return impl_->read<CallStory>([call_id = std::move(call_id), max_events](JournalReader& reader) {
    return reader.call(call_id, max_events);
  });
}

asio::awaitable<Result<std::vector<LiveCall>>> Journal::live_calls() {
  return impl_->read<std::vector<LiveCall>>(
      [](JournalReader& reader) { return reader.live_calls(); });
}

asio::awaitable<Result<std::vector<LiveCall>>> Journal::take_over(std::string call_id) {
  return impl_->take_over(std::move(call_id));
}

asio::awaitable<Result<std::vector<LiveCall>>> Journal::Impl::take_over(std::string call_id) {
  using Calls = std::vector<LiveCall>;
  const std::function<Result<Calls>(JournalReader&)> look = [](JournalReader& reader) {
    return reader.live_calls();
  };
  auto found = co_await read<Calls>(look);
  if (!found) {
    co_return found;
  }
  std::erase_if(*found, [&](const LiveCall& one) {
    const std::int64_t run = one.call.run;
    return (!call_id.empty() && one.call.info.call_id != call_id) || run == run_ ||
           lock_.taken(LockFile::of_run(run));
  });
  const std::function<Result<Calls>(Database&)> take = [calls = *found,
                                                        stamp = stamp()](Database& database) {
    Calls taken;
    for (const LiveCall& one : calls) {
      const auto ours = store::take_over(database, one.call.info.call_id, one.call.run, stamp);
      if (!ours) {
        return Result<Calls>{fail(ours.error())};
      }
      if (*ours) {
        taken.push_back(one);
      }
    }
    return Result<Calls>{std::move(taken)};
  };
  auto taken = co_await durable<Calls>(take);
  co_return taken ? std::move(taken) : std::move(found);
}

asio::awaitable<Result<UsageSums>> Journal::usage_since(std::int64_t since_ms,
                                                        std::optional<std::string> caller) {
  return impl_->read<UsageSums>([since_ms, caller = std::move(caller)](JournalReader& reader) {
    return reader.usage_since(since_ms, caller);
  });
}

asio::awaitable<Result<std::vector<CallerUsage>>> Journal::usage_by_caller(std::int64_t since_ms) {
  return impl_->read<std::vector<CallerUsage>>(
      [since_ms](JournalReader& reader) { return reader.usage_by_caller(since_ms); });
}

asio::awaitable<Result<Swept>> Journal::sweep(Retention retention) {
  return impl_->sweep(retention);
}

asio::awaitable<Result<>> Journal::files_deleted(std::vector<std::string> files) {
  return impl_->durable<void>(
      [files = std::move(files)](Database& database) { return forget_files(database, files); });
}

JournalHealth Journal::health() const { return impl_->health(); }
void Journal::watch(std::function<void(const JournalChange&)> told) {
  impl_->watch(std::move(told));
}

}  // namespace offhook::store
