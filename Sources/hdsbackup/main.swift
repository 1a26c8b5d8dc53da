print("hdsbackup")
