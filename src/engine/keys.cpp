// TLS secrets on their way to the workers.
#include "engine/keys.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "detect/yaml.h"
#include "tls/private_key.h"

namespace umbratap::engine {

namespace {

constexpr std::size_t private_key_bytes_max = 64 * 1024;

std::string read_private_key(const std::string& name) {
    const Descriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.number() < 0) throw capture::InputError(name + ": " + std::strerror(errno));
    std::string text(private_key_bytes_max, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t more = ::read(file.number(), text.data() + size, text.size() - size);
        if (more < 0) throw capture::InputError(name + ": " + std::strerror(errno));
        if (more == 0) break;
        size += static_cast<std::size_t>(more);
    }
    text.resize(size);
    try {
        tls::PrivateKey::from_pem(text);
    } catch (const std::runtime_error& wrong) {
        wipe(text);
        throw detect::RuleError(name + ":1: " + wrong.what());
    }
    return text;
}

}  // namespace

std::vector<std::string> read_private_keys(const Options& options) {
    if (!options.tls_keys.empty()) forbid_core_dumps();
    std::vector<std::string> keys;
    for (const std::string& name : options.tls_keys) keys.push_back(read_private_key(name));
    return keys;
}

void wipe(std::string& text) noexcept {
    explicit_bzero(text.data(), text.size());
}

void forbid_core_dumps() {
    static bool forbidden = false;
    if (forbidden) return;
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0);
    forbidden = true;
}

Keys::Keys(const Options& options)
    : followed_(!options.keylogs.empty()),
      files_({options.keylogs, !options.interfaces.empty(), options.keylog_strict}) {
    private_keys_ = read_private_keys(options);
}

Keys::~Keys() {
    for (std::string& key : private_keys_) wipe(key);
}

void Keys::begin(Crew& crew) {
    for (const std::string& key : private_keys_) crew.add_private_key(key);
    if (!followed_) return;
    for (std::string secrets = files_.poll(); !secrets.empty(); secrets = files_.poll())
        give(std::move(secrets), crew);
}

void Keys::feed(capture::Source& source, Crew& crew) {
    for (std::string& secrets : source.take_secrets()) give(std::move(secrets), crew);
    if (!followed_ || Clock::now() - looked_ < look_again_after) return;
    if (std::string secrets = files_.poll(); !secrets.empty()) {
        give(std::move(secrets), crew);  // there may be more at once
    } else {
        looked_ = Clock::now();
    }
}

void Keys::give(std::string secrets, Crew& crew) {
    forbid_core_dumps();
    crew.add_secrets(secrets);
    wipe(secrets);
}

}  // namespace umbratap::engine
