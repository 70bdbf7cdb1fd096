"""Reading and writing footage: every pixel and every time stamp of the project passes through here.

probe       what a footage is: kind, streams, facts          pixels    a decoded picture as upright RGB
matrices    which colour matrix and range it is read with    decoding  packets to pictures, damage noticed
stills      folders of pictures                              timing    when each frame is presented
scenes      where a cut begins a new scene                   survey    one full pass, for stage frames
reader      frames by the frames table, hashes checked       writer    films: H.264, exact times, original sound
"""
