"""The mathematics of BBS signatures over BLS12-381: one small room, tested first against published fixtures."""
