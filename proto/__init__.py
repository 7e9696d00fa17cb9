"""The public contract: .proto files by area and version, and the modules that the build makes of them."""
