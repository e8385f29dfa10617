// Servers that a test program starts: each in a temporary folder, on a free loopback port, ended with the program.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace eventrelay::test {

/// A new folder that the servers' user may write to.
std::string make_server_folder(const std::string& name);
/// Makes a file theirs alone, as they want their keys.
void give_to_servers(const std::string& path);
/// Free a moment ago.
std::uint16_t free_port();
/// Starts it in the folder, its output to the file `log` there; not as root: as the user postgres then. It is told to
/// quit when the thread that started it ends.
pid_t start_process(const std::vector<std::string>& command, const std::string& folder);
bool has_ended(pid_t pid);
/// Sends the signal and waits; kills what is still there after `time`.
void stop_process(pid_t pid, int signal, std::chrono::milliseconds time = std::chrono::seconds(20));

}  // namespace eventrelay::test
