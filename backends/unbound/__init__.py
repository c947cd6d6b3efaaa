"""The server's own resolver, which validates DNSSEC and asks block lists under the server's own address."""
