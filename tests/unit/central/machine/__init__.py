"""The rules against an independent model, with engines that crash, repeat, swap their disks and lie."""
