"""What several test folders share: tools of the outside world, and fakes of our own ports."""
