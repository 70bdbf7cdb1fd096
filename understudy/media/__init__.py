"""Reading and writing footage: every pixel and every time stamp of the project passes through here.

probe        opening a video, or refusing it         film         what a film inherits from its clip
decoding     packets to pictures, damage noticed     subsampling  RGB to 4:2:0 codes
matrices     colour matrix and range, and why        encoder      codes to H.264 packets
pixels       a decoded picture as upright RGB        sound        the original audio streams, copied
stills       folders of pictures                     writer       whole films
scenes       where a cut begins a new scene          comparison   films of pictures side by side
timing       when each frame is presented
survey       one full pass over footage
catalogue    the rows of a frames table
reader       frames by their table, hashes checked
"""
