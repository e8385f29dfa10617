// The parts of Beast that are compiled once.
#include <boost/beast/src.hpp>
